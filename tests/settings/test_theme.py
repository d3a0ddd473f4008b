"""A palette nobody can read is refused when the config loads."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.settings import Theme
from digest.settings.contrast import contrast
from digest.settings.theme import Colours
from tests.settings.test_load import GOOD, problems

COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


def test_black_on_white_is_21_and_a_colour_on_itself_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#b4530a", "#b4530a") == 1


@given(COLOURS, COLOURS)
def test_contrast_is_the_same_both_ways(one: str, other: str) -> None:
    assert 1 <= contrast(one, other) == contrast(other, one) <= 21


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('colours.accent = "#ffdd00"', "config.toml:12: newsletters.weekly.theme.colours.accent:"),
        ('dark.meta = "#444444"', "config.toml:12: newsletters.weekly.theme.dark.meta: #444444"),
        ('dark.on_accent = "#ffffff"', "theme.dark.on_accent: #ffffff has a contrast of 2.1"),
        ('colours.card = "#222222"', "theme.colours.ink: #17181c has a contrast of 1.1 on card"),
        ('categories = { World = ["#ffdd00", "#8fb0ff"] }', "World: #ffdd00 has a contrast"),
        ('categories = { World = ["#1d4ed8", "#1d4ed8"] }', "on dark.card #1b1d20"),
        ('colours.ink = "red"', "'red' is not a colour"),
        ('density = "dense"', "config.toml:12: newsletters.weekly.theme.density:"),
        ('text_font = "a;color:red"', "is not a list of fonts"),
        ('logo = "http://news.example/l.png"', "is not the https address of a picture"),
        ('name = "../x"', "cannot name a theme"),
    ],
)
def test_a_look_that_cannot_work_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    text = GOOD + "\n[newsletters.weekly.theme]\n" + lines + "\n"
    found = problems(tmp_path, text)
    assert said in "\n".join(found), found


def test_category_colours_are_those_that_can_be_read_on_the_card() -> None:
    assert len(Theme().hues) == 10
    theme = Theme(
        colours=Colours(
            card="#d9b84a", tint="#d9b84a", body="#222222", meta="#333333", accent="#4a1f00"
        )
    )
    assert 0 < len(theme.hues) < 10
    for light, dark in theme.hues:
        assert contrast(light, "#d9b84a") >= 4.5
        assert contrast(dark, "#1b1d20") >= 4.5
