"""Templates run in a sandbox and their mistakes are named by file and line."""

from pathlib import Path

import pytest

from digest.errors import RenderError
from digest.render.templates import Templates, wrap


def _theme(folder: Path, **files: str) -> Templates:
    for name, text in files.items():
        (folder / f"{name}.mjml").write_text(text)
    return Templates((folder,))


def test_values_are_escaped(tmp_path: Path) -> None:
    marked = _theme(tmp_path, a="<p>{{ x }}</p>").markup("a.mjml", {"x": "<b>\"&'"})
    assert marked.text == "<p>&lt;b&gt;&#34;&amp;&#39;</p>"


def test_every_part_knows_its_template_line(tmp_path: Path) -> None:
    theme = _theme(
        tmp_path,
        a='<i>\n{% include "b.mjml" %}\n{% for n in [1, 2] %}\n<u>{{ n }}</u>\n{% endfor %}\n</i>',
        b="one\ntwo <b>three</b>\n",
    )
    marked = theme.markup("a.mjml", {})
    assert str(marked.spot(marked.text.index("<b>"))) == "b.mjml:2"
    assert str(marked.spot(marked.text.index("<u>2"))) == "a.mjml:4"
    assert str(marked.spot(marked.text.index("</i>"))) == "a.mjml:6"
    assert "\x1e" not in marked.text


@pytest.mark.parametrize(
    ("template", "where"),
    [
        ("<p>\n{{ nothing }}</p>", "a.mjml:2: 'nothing' is undefined"),
        ("<p>\n\n{{ x.y }}", "a.mjml:3: "),
        ("<p>\n{% if %}", "a.mjml:2: "),
        ("<p>\n{{ x|safe }}", "a.mjml:2: No filter named 'safe'"),
        ("\n{% autoescape false %}{{ x }}{% endautoescape %}", "a.mjml:2: autoescape"),
        ("\n{{ x.__class__.__mro__ }}", "a.mjml:2: "),
        ("\n{{ 1 / 0 }}", "a.mjml:2: "),
        ("\n{{ x + 1 }}", "a.mjml:2: "),
        ("\n{% for n in range(10 ** 9) %}{% endfor %}", "a.mjml:2: "),
        ('{% include "none.mjml" %}', "the template none.mjml is missing"),
        ('{% include "a.mjml" %}', "a.mjml: templates include each other"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, template: str, where: str) -> None:
    with pytest.raises(RenderError) as caught:
        _theme(tmp_path, a=template).markup("a.mjml", {"x": "text"})
    assert str(caught.value).startswith(where)


def test_the_first_folder_wins_file_by_file(tmp_path: Path) -> None:
    for name, text in (("own", "mine"), ("rest", "theirs")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(text)
    (tmp_path / "rest" / "b.txt").write_text("only theirs")
    theme = Templates((tmp_path / "own", tmp_path / "rest"))
    assert theme.plain("a.txt", {}) == "mine"
    assert theme.plain("b.txt", {}) == "only theirs"


def test_plain_text_is_not_escaped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("{{ x }}")
    assert Templates((tmp_path,)).plain("a.txt", {"x": "R&D <3"}) == "R&D <3"


def test_wrapping_keeps_long_words_whole() -> None:
    address = "https://news.example/" + "a" * 90
    assert wrap(f"word {address} word").split("\n") == ["word", address, "word"]
    assert all(len(line) <= 72 for line in wrap("several words " * 40).split("\n"))
