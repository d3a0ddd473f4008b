"""An outlet's own language, theme and templates, from config.toml to the rendered edition."""

from pathlib import Path

import pytest

from digest import pipeline
from digest.app import open_app
from digest.errors import ConfigError
from tests.apps import CONFIG, Clock, an_app, fill

GERMAN = ('name = "Atlas Weekly"', 'name = "Atlas Weekly"\nlanguage = "de"')
THEME = '[newsletters.weekly.theme]\nname = "{}"\n'


def _own(folder: Path, name: str, text: str) -> None:
    path = folder / "templates" / "email" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _proof(folder: Path, more: str = "") -> pipeline.Proof:
    app = an_app(folder, more=more)
    fill(app)
    looked = pipeline.proof(app, pipeline.compose_next(app, "weekly"))
    app.close()
    return looked


def test_a_file_beside_the_config_replaces_ours(tmp_path: Path) -> None:
    footer = "<mj-section><mj-column><mj-text>Ours {{ title }}</mj-text></mj-column></mj-section>"
    _own(tmp_path, "parts/footer.mjml", footer)
    rendered = _proof(tmp_path).rendered
    assert rendered is not None
    assert "Ours The Week at Atlas" in rendered.html


def test_a_mistake_in_it_is_a_finding_with_file_and_line(tmp_path: Path) -> None:
    _own(tmp_path, "parts/footer.mjml", "<mj-section>\n<mj-column><mj-hero></mj-hero>")
    looked = _proof(tmp_path)
    assert looked.rendered is None
    assert "parts/footer.mjml:2: <mj-hero> is not for us" in looked.findings[0].message


def test_a_newsletter_takes_a_theme_of_ours_or_of_its_own(tmp_path: Path) -> None:
    plain = _proof(tmp_path, THEME.format("plain")).rendered
    assert plain is not None
    assert "<img" not in plain.html
    _own(tmp_path, "themes/ours/edition/subject.txt", "Ours: {{ subject }}")
    (tmp_path / "digest.db").unlink()
    own = _proof(tmp_path, THEME.format("ours")).rendered
    assert own is not None
    assert own.subject == "Ours: Harbour reopens after the storm"


def test_a_theme_there_is_not_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _proof(tmp_path, THEME.format("fancy"))
    (problem,) = caught.value.problems
    assert problem.endswith("theme.name: there is no theme 'fancy'; there is default, plain")
    line = (tmp_path / "config.toml").read_text().splitlines().index('name = "fancy"') + 1
    assert f"config.toml:{line}: newsletters.weekly" in problem


def test_everything_we_say_is_in_the_outlets_language(tmp_path: Path) -> None:
    first = an_app(tmp_path)
    fill(first)
    first.close()
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace(*GERMAN), "utf-8")
    app = open_app(config, {}, Clock())
    edition = pipeline.compose_next(app, "weekly")
    assert edition.stand_first.startswith("Außerdem diese Woche: ")
    assert [section.title for section in edition.sections] == ["Mehr aus Sport"]
    rendered = pipeline.proof(app, edition).rendered
    app.close()
    assert rendered is not None
    assert '<html lang="de" dir="ltr"' in rendered.html
    assert "Montag, 23. November 2026" in rendered.text
    for english in ("Unsubscribe", "Read the story", "More in", "stories", "min read"):
        assert english not in rendered.html
    assert CONFIG.replace(*GERMAN) != CONFIG
