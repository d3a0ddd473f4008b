"""The lint says what is wrong, in which template and line."""

from pathlib import Path

import pytest

from digest.errors import RenderError
from digest.render import Renderer, default_theme
from digest.render.lint import lint
from digest.render.templates import Marked, Spot
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication


def _lint(body: str) -> list[str]:
    page = f"<mjml><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"
    return lint(Marked(page, (0,), (Spot("edition/body.mjml", 7),)))


@pytest.mark.parametrize(
    "body",
    [
        "<mj-text>Plain &lt; &amp; &nbsp; text<br>and <b>bold</b></mj-text>",
        '<mj-image src="https://a.example/i.png" alt="" width="592px"></mj-image>',
        '<mj-button href="https://a.example/?a=1&b=2" inner-padding="13px 26px">Go</mj-button>',
        '<mj-raw><tr><td style="color:#b4530a"><img src="x" alt="x" width="9"></td></tr></mj-raw>',
        '<mj-text padding="0" color="#ffffff">x</mj-text>',
        "<mj-raw><!--[if mso]><table><tr><td><![endif]--></mj-raw>",
    ],
)
def test_sound_markup_passes(body: str) -> None:
    assert _lint(body) == []


@pytest.mark.parametrize(
    ("body", "rule", "words"),
    [
        ("<mj-foo></mj-foo>", "TPL-01", "<mj-foo> is not a tag"),
        ("<mj-section></mj-section>", "TPL-01", "its place is"),
        ('<mj-text colour="#ffffff">x</mj-text>', "TPL-01", "no attribute colour"),
        ('<mj-text align="left" align="right">x</mj-text>', "TPL-01", "align twice"),
        ("stray", "TPL-01", "text directly in <mj-column>"),
        ("<p>x</p>", "TPL-01", "outside mj-text"),
        ("<mj-raw><![CDATA[x]]></mj-raw>", "TPL-01", "leave it out"),
        ("<mj-raw><!doctype html></mj-raw>", "TPL-01", "leave it out"),
        ('<mj-text padding="0 24px">x</mj-text>', "TPL-02", "with its unit"),
        ('<mj-text font-size="12">x</mj-text>', "TPL-02", "with its unit"),
        ('<mj-text mj-class="a b">x</mj-text>', "TPL-03", "one class only"),
        ('<mj-include path="x"></mj-include>', "TPL-03", "{% include %}"),
        ("<mj-preview>x</mj-preview>", "TPL-03", "stand-first"),
        ('<mj-text color="#fff">x</mj-text>', "TPL-04", "six digits"),
        ('<mj-raw><b style="color:#fff">x</b></mj-raw>', "TPL-04", "six digits"),
        ('<mj-image src="x" width="5px"></mj-image>', "TPL-04", "no alt"),
        ('<mj-image src="x" alt="" width="5.5px"></mj-image>', "TPL-04", "whole pixels"),
        ('<mj-raw><img src="x" alt=""></mj-raw>', "TPL-04", "no width"),
        ("<mj-text><p>x</mj-text>", "TPL-05", "<p> is not closed"),
        ("<mj-text>x</p></mj-text>", "TPL-05", "</p> without <p>"),
        ("<mj-text>1 < 2</mj-text>", "TPL-05", "&lt;"),
        ("<mj-text><br></br></mj-text>", "TPL-05", "ends nothing"),
        ("<mj-raw><p/></mj-raw>", "TPL-05", "does not end itself"),
        ("<mj-text>x", "TPL-05", "not closed"),
        (f"<mj-raw>{'<b>' * 101}{'</b>' * 101}</mj-raw>", "TPL-05", "more than 100"),
    ],
)
def test_unsound_markup_is_named_with_rule_and_line(body: str, rule: str, words: str) -> None:
    found = _lint(body)
    assert any(rule in problem and words in problem for problem in found), found
    assert all(problem.startswith("edition/body.mjml:7: ") for problem in found)


def test_an_inlined_style_is_refused() -> None:
    page = '<mjml><mj-head><mj-style inline="inline">a{}</mj-style></mj-head></mjml>'
    assert "TPL-03" in lint(Marked(page, (0,), (Spot("x", 1),)))[0]


def test_an_error_names_the_included_file_and_its_line(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "footer.mjml").write_text(
        "<mj-section>\n<mj-column>\n{% if title %}\n"
        '<mj-text padding="0 24px">{{ title }}</mj-text>\n{% endif %}\n'
        "</mj-column>\n</mj-section>\n"
    )
    renderer = Renderer((tmp_path, default_theme()))
    with pytest.raises(RenderError, match=r"^parts/footer\.mjml:4: .*TPL-02"):
        renderer.render_edition(a_full_edition(), a_publication(), TITLE, BASE)


def test_an_error_names_the_line_inside_a_macro(tmp_path: Path) -> None:
    story = (default_theme() / "parts" / "story.mjml").read_text().split("\n")
    line = next(n for n, text in enumerate(story, 1) if "<h3" in text and "ld" in text)
    story[line - 1] = story[line - 1].replace("</h3>", "")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "story.mjml").write_text("\n".join(story))
    renderer = Renderer((tmp_path, default_theme()))
    with pytest.raises(RenderError, match=rf"^parts/story\.mjml:{line}: <h3> is not closed"):
        renderer.render_edition(a_full_edition(), a_publication(), TITLE, BASE)
