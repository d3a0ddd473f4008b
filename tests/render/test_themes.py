"""How a mail looks is data: settings, densities and folders of files."""

import re
from pathlib import Path
from typing import Literal

import pytest

from digest.model import Rendered
from digest.preflight import check
from digest.render import Renderer, default_theme
from digest.settings import Theme
from digest.settings.folders import folders_of, known_themes
from digest.settings.theme import Colours, DarkColours
from tests.make import a_placement
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication


def _render(renderer: Renderer, theme: Theme) -> Rendered:
    pictured = a_placement(image_url="https://larkspur.example/logo.png")
    edition = a_full_edition(placements=(pictured,))
    return renderer.render_edition(edition, a_publication(), TITLE, BASE, theme)


def test_the_plain_theme_shows_the_same_stories_without_pictures(renderer: Renderer) -> None:
    usual, plain = _render(renderer, Theme()), _render(renderer, Theme(name="plain"))
    assert "<img" in usual.html
    assert "<img" not in plain.html
    assert plain.text == usual.text
    links = re.compile(r'<a[^>]*href="([^"]+)"')
    assert set(links.findall(plain.html)) == set(links.findall(usual.html))


def test_densities_show_less_and_less_of_the_same_stories(renderer: Renderer) -> None:
    full = _render(renderer, Theme())
    compact = _render(renderer, Theme(density="compact"))
    headlines = _render(renderer, Theme(density="headlines"))
    assert [page.html.count('class="th') for page in (full, compact, headlines)] == [2, 0, 0]
    assert [page.html.count('class="ph') for page in (full, compact, headlines)] == [1, 1, 0]
    assert len(full.text) > len(compact.text) > len(headlines.text)
    assert "needs dredging" not in headlines.text.split("2. Update")[1]
    for page in (full, compact, headlines):
        assert page.html.count("<h3") == 15


@pytest.mark.parametrize("name", ["default", "plain"])
def test_colours_and_fonts_come_from_the_settings(renderer: Renderer, name: str) -> None:
    theme = Theme(
        name=name,
        colours=Colours(accent="#0b5394", card="#fffdf5"),
        dark=DarkColours(accent="#9fc5e8"),
        heading_font="'Gill Sans',sans-serif",
        categories={"World": ("#990000", "#ff9999")},
    )
    html = _render(renderer, theme).html
    assert "#0b5394" in html
    assert ".ac{color:#9fc5e8!important}" in html
    assert "Gill Sans" in html
    assert "color:#990000" in html
    assert "{color:#ff9999!important" in html
    assert "#b4530a" not in html
    assert "Georgia" not in html


def test_a_logo_stands_for_the_title_and_says_it(renderer: Renderer) -> None:
    theme = Theme(logo="https://news.example/logo.png", logo_width=200, logo_height=50)
    html = _render(renderer, theme).html
    assert re.search(rf'<h1[^>]*><img class="lg"[^>]* alt="{TITLE}" width="200" height="50"', html)


def test_an_outlet_makes_a_third_theme_of_a_single_file(tmp_path: Path) -> None:
    folder = tmp_path / "themes" / "ours" / "parts"
    folder.mkdir(parents=True)
    footer = "<mj-section><mj-column><mj-text>Third</mj-text></mj-column></mj-section>"
    (folder / "footer.mjml").write_text(footer)
    renderer = Renderer((tmp_path, default_theme()))
    assert "Third" in _render(renderer, Theme(name="ours")).html
    assert "Third" not in _render(renderer, Theme()).html
    renderer.close()
    assert known_themes((tmp_path, default_theme())) == ["default", "ours", "plain"]


def test_a_themes_files_come_first_and_the_outlets_before_ours(tmp_path: Path) -> None:
    ours = default_theme()
    assert folders_of((tmp_path, ours), "plain") == (ours / "themes" / "plain", tmp_path, ours)
    (tmp_path / "themes" / "plain").mkdir(parents=True)
    own = tmp_path / "themes" / "plain"
    assert folders_of((tmp_path, ours), "plain")[:2] == (own, ours / "themes" / "plain")


def test_words_that_join_their_letters_are_not_pulled_apart(renderer: Renderer) -> None:
    for name in ("default", "plain"):
        html = renderer.render_edition(
            a_full_edition(), a_publication(language="ar"), TITLE, BASE, Theme(name=name)
        ).html
        assert "letter-spacing" not in html
        assert "italic" not in html


@pytest.mark.parametrize("density", ["full", "compact", "headlines"])
@pytest.mark.parametrize("name", ["default", "plain"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_preflight_has_nothing_to_say_about_any_look(
    renderer: Renderer, name: str, density: Literal["full", "compact", "headlines"], language: str
) -> None:
    theme, publication = Theme(name=name, density=density), a_publication(language=language)
    rendered = renderer.render_edition(a_full_edition(), publication, TITLE, BASE, theme)
    assert check(a_full_edition(), rendered, publication) == ()
