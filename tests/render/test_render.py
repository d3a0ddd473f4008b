"""A whole edition becomes HTML and text."""

import quopri
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from digest.errors import RenderError
from digest.model import Rendered, Section, Severity
from digest.preflight import check
from digest.render import Renderer, default_theme
from digest.text import TOKEN, encoded_size
from tests.make import a_placed, a_placement, an_edition, an_image
from tests.render.editions import (
    BASE,
    TITLE,
    a_full_edition,
    a_long_edition,
    a_publication,
    a_section,
)


def _render(renderer: Renderer, **given: object) -> Rendered:
    return renderer.render_edition(a_full_edition(**given), a_publication(), TITLE, BASE)


def _visible(html: str) -> str:
    body = re.sub(r"(?s)<!--.*?-->|<style.*?</style>|<title>.*?</title>", "", html)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_a_full_edition_looks_as_it_did(
    renderer: Renderer, golden: Callable[[str, str], None]
) -> None:
    rendered = _render(renderer)
    golden("edition/full.html", rendered.html)
    golden("edition/full.txt", rendered.text)


def test_a_confirmation_looks_as_it_did(
    renderer: Renderer, golden: Callable[[str, str], None]
) -> None:
    values = {"newsletter_title": TITLE, "confirm_url": f"{BASE}/c/abc?x=1&y=2"}
    rendered = renderer.render_mail("confirm", a_publication(), values)
    assert rendered.subject == "Please confirm your subscription to The Week at Atlas"
    golden("edition/confirm.html", rendered.html)
    golden("edition/confirm.txt", rendered.text)


def test_thirty_stories_and_two_placements_fit_in_60_000_bytes(renderer: Renderer) -> None:
    edition = a_long_edition()
    assert len(edition.stories) == 30
    html = renderer.render_edition(edition, a_publication(), TITLE, BASE).html
    assert len(html.encode()) <= 60_000


def test_ninety_stories_are_not_clipped(renderer: Renderer) -> None:
    names = ("World", "Science", "Culture", "Business", "Sport", "Climate", "Law", "Food")
    sections = tuple(a_section(name, 10) for name in names)
    edition = replace(a_long_edition(), sections=sections)
    assert len(edition.stories) == 90
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    assert len(quopri.encodestring(rendered.html.encode())) < 102_000
    for story in edition.stories:
        assert story.lead.url in rendered.html
    findings = check(edition, rendered, a_publication())
    assert [f.rule for f in findings if rendered.shortened] in ([], ["MIME-05"])


def test_what_would_be_clipped_falls_back_to_headlines_from_the_end(renderer: Renderer) -> None:
    sections = tuple(a_section(f"Category {n}", 20) for n in range(8))
    edition = replace(a_long_edition(), sections=sections)
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    assert encoded_size(rendered.html) <= 102_000
    first, last = rendered.shortened[0], rendered.shortened[-1]
    assert last == "More in Category 7"
    assert first != "More in Category 0"
    assert "More in Category 0" not in rendered.shortened
    (finding,) = [f for f in check(edition, rendered, a_publication()) if "headlines" in f.message]
    assert (finding.rule, finding.severity) == ("MIME-05", Severity.WARNING)
    assert first in finding.message
    assert rendered.html.count("The outer basin") == rendered.text.count("The outer basin")


def test_in_the_end_the_top_stories_are_headlines_too(renderer: Renderer) -> None:
    top = tuple(a_placed(n, f"Story {n}", summary="word " * 34) for n in range(1, 140))
    edition = an_edition(top_stories=top, sections=(a_section("World", 2),))
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    assert rendered.shortened == ("top stories", "More in World")


def test_the_same_content_is_rendered_once_until_a_template_changes(tmp_path: Path) -> None:
    (tmp_path / "confirm").mkdir()
    subject = tmp_path / "confirm" / "subject.txt"
    subject.write_text("One")
    renderer = Renderer((tmp_path, default_theme()))
    values = {"newsletter_title": TITLE, "confirm_url": BASE}
    first = renderer.render_mail("confirm", a_publication(), values)
    assert renderer.render_mail("confirm", a_publication(), dict(values)) is first
    assert renderer.render_mail("confirm", a_publication(name="Other"), values) is not first
    subject.write_text("Two")
    assert renderer.render_mail("confirm", a_publication(), values).subject == "Two"
    renderer.close()


def test_style_stays_under_8_kilobytes(renderer: Renderer) -> None:
    html = renderer.render_edition(a_long_edition(), a_publication(), TITLE, BASE).html
    assert sum(map(len, re.findall(r"(?s)<style.*?</style>", html))) < 8 * 1024


def test_the_same_edition_gives_the_same_bytes() -> None:
    first, second = Renderer(), Renderer()
    assert _render(first) == _render(second)
    first.close()
    second.close()


def test_threads_may_share_a_renderer(renderer: Renderer) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda _: _render(renderer).html, range(18)))
    assert len(found) == 1


def test_the_token_is_in_the_unsubscribe_link_of_both_parts(renderer: Renderer) -> None:
    rendered = _render(renderer)
    link = f"{BASE}/u/0{TOKEN}"
    assert f'href="{link}"' in rendered.html
    assert link in rendered.text.splitlines()
    assert len(TOKEN) == 32


def test_the_browser_link_carries_no_token(renderer: Renderer) -> None:
    rendered = _render(renderer)
    assert f'href="{BASE}/editions/weekly/2026-11-23"' in rendered.html
    assert f"{BASE}/editions/weekly/2026-11-23" in rendered.text.splitlines()


def test_the_title_and_then_the_stand_first_open_the_body(renderer: Renderer) -> None:
    seen = _visible(_render(renderer).html)
    assert seen.startswith(f"{TITLE} This week: a harbour, a parliament")


def test_the_contact_is_a_bare_address(renderer: Renderer) -> None:
    assert 'href="mailto:editor@news.example"' in _render(renderer).html


def test_nothing_is_hidden(renderer: Renderer) -> None:
    html = _render(renderer).html
    assert "display:none" not in html
    assert "visibility:hidden" not in html


def test_the_subject_is_the_editions(renderer: Renderer) -> None:
    assert _render(renderer, subject="  One\n line ").subject == "One line"


def test_text_lines_hold_72_characters_or_one_word(renderer: Renderer) -> None:
    for line in _render(renderer).text.splitlines():
        assert len(line) <= 72 or " " not in line.removeprefix("* ")


def test_the_first_sponsor_follows_story_five_and_the_next_section_two(renderer: Renderer) -> None:
    text = _render(renderer).text
    order = [
        "5. A lost symphony",
        "-- SPONSOR · LARKSPUR BANK --",
        "6. Why the night train",
        "MORE IN SCIENCE",
        "-- SPONSOR · NIMBUS CONF --",
        "MORE IN CULTURE",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_no_placement_is_lost_when_there_is_little_else(renderer: Renderer) -> None:
    three = tuple(a_placement(id=n, sponsor=f"Bank {n}") for n in range(1, 4))
    for top in ((), (a_placed(),)):
        rendered = _render(renderer, top_stories=top, sections=(), placements=three)
        for n in range(1, 4):
            assert f"Sponsor · Bank {n}" in _visible(rendered.html)
            assert f"SPONSOR · BANK {n}" in rendered.text


def test_a_lead_without_a_picture_is_set_larger(renderer: Renderer) -> None:
    plain = _render(renderer, top_stories=(a_placed(),)).html
    pictured = _render(renderer, top_stories=(a_placed(image=an_image()),)).html
    assert "font-size:38px" in plain
    assert "font-size:38px" not in pictured
    assert '<img class="ph' in pictured


@pytest.mark.parametrize("language", ["ar", "he", "fa", "ur"])
def test_languages_from_the_right_start_on_the_right(renderer: Renderer, language: str) -> None:
    publication = a_publication(language=language)
    html = renderer.render_edition(a_full_edition(), publication, TITLE, BASE).html
    assert f'<html lang="{language}" dir="rtl"' in html
    assert "border-right:3px solid" in html
    assert "padding-right:20px" in html


def test_german_dates_and_phrases_for_an_austrian_paper(renderer: Renderer) -> None:
    publication = a_publication(language="de-AT")
    rendered = renderer.render_edition(a_full_edition(), publication, TITLE, BASE)
    assert "Montag, 23. November 2026" in rendered.text
    assert "Weiterlesen" in rendered.html


def test_a_story_in_another_direction_says_so(renderer: Renderer) -> None:
    story = a_placed(1, "מלחים חוזרים", language="he")
    assert ' dir="rtl" lang="he"' in _render(renderer, top_stories=(story,)).html


def test_an_edition_without_stories_still_renders(renderer: Renderer) -> None:
    rendered = renderer.render_edition(
        an_edition(top_stories=(), sections=(), placements=(), stand_first=""),
        a_publication(postal_address="", contact=""),
        TITLE,
        BASE,
    )
    assert TITLE in rendered.html


def test_headings_go_down_in_steps(renderer: Renderer) -> None:
    levels = re.findall(r"<h([1-6])", _render(renderer).html)
    assert levels[:3] == ["1", "2", "3"]
    assert levels.count("1") == 1
    assert set(levels) == {"1", "2", "3"}


def test_every_picture_has_alt_and_size(renderer: Renderer) -> None:
    for image in re.findall(r"<img[^>]*>", _render(renderer).html):
        assert re.search(r' alt="[^"]+"', image)
        assert re.search(r' width="\d+" height="\d+"', image)


def test_a_section_without_a_category_is_shown(renderer: Renderer) -> None:
    section = Section("Short reads", "", (a_placed(category=""),))
    assert "Short reads" in _render(renderer, sections=(section,)).html


def test_a_publication_may_replace_a_single_file(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "parts").mkdir()
    (folder / "parts" / "footer.mjml").write_text(
        "<mj-section><mj-column><mj-text>Our own footer</mj-text></mj-column></mj-section>"
    )
    renderer = Renderer((folder, default_theme()))
    html = _render(renderer).html
    renderer.close()
    assert "Our own footer" in html
    assert "Harbour reopens after the storm" in html


def test_a_mail_that_does_not_exist_is_named(renderer: Renderer) -> None:
    with pytest.raises(RenderError, match=r"farewell/subject.txt is missing"):
        renderer.render_mail("farewell", a_publication(), {})
