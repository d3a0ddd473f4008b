"""Whatever an article says, it stays text and the mail renders."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.model import Edition, PlacedStory, Rendered, Section
from digest.preflight import check
from digest.render import Renderer
from tests.make import a_placed, a_placement, an_article, an_edition, an_image
from tests.render.editions import BASE, TITLE, a_publication

NASTY = [
    "<script>alert(1)</script>",
    "</td></tr></table><h1>Mine</h1>",
    "</mj-column></mj-section>",
    "<mj-include path='/etc/passwd'/>",
    "<mj-foo>",
    "<!-- --><!--[if mso]>",
    "<![CDATA[x]]>",
    "<?xml version='1.0'?>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "1 < 2 && 3 > 2",
    "{{ 7 * 7 }} {% include 'x' %} {# x #}",
    "&amp; &nbsp; &bogus; &#0; &lt;b&gt;",
    "NUL \x00 bell \x07 escape \x1b vertical \x0b mark \x1eedition/body.mjml:1\x1f",
    "C1 \x85\x92 DEL \x7f",
    "lone \ud800 surrogate",
    "right \u202eto left\u202c \u2066isolate\u2069",
    "line\u2028separator\u2029paragraph",
    "family 👨‍👩‍👧‍👦 flag 🇩🇪 keycap 1️⃣",
    "العربية עברית 日本語 ภาษาไทย",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "a" * 5000,
    "word " * 1000,
    "<b>" * 5000,
    "日" * 5000,
    "",
    " \t\n ",
    "\\ ` $(x) ${x} %s %(x)s {0} {title}",
    "RCPT_UNSUBSCRIBE",
    "-- ",
    ".\r\n.\r\nSubject: injected",
]

#: Every tag the default theme itself writes; anything else came from an article.
OWN_TAGS = frozenset(
    "html head title meta style body div table tbody tr td a img h1 h2 h3 p b span br bdi".split()
)


class _Tags(HTMLParser):
    """Collects tags and attribute names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}


def _placed(text: str, **given: Any) -> PlacedStory:
    """Make a story with any title, also one that no address could be made of."""
    placed = a_placed(1, **given)
    lead = replace(placed.lead, title=text)
    story = replace(placed.ranked.story, lead=lead)
    return replace(placed, ranked=replace(placed.ranked, story=story))


def hostile_edition(text: str) -> Edition:
    other = an_article(url="https://other.example/x", outlet=text)
    story = _placed(
        text,
        summary=text,
        author=text,
        author_bio=text,
        outlet=text,
        category=text,
        image=an_image(caption=text, alt=text),
        others=(other,),
        url="https://news.example/a",
    )
    row = _placed(text, summary=text, author=text, url=text)
    teaser = _placed(text, summary=text, url="https://news.example/b")
    sponsor = a_placement(sponsor=text, title=text, text=text, button=text, url=text)
    return an_edition(
        subject=text,
        stand_first=text,
        note=text,
        top_stories=(story, row),
        sections=(Section(text, text, (teaser,)),),
        placements=(sponsor,),
    )


def assert_harmless(rendered: Rendered) -> None:
    found = _Tags(rendered.html)
    assert found.tags <= OWN_TAGS
    assert not [name for name in found.names if name.startswith("on")]
    assert "\n" not in rendered.subject
    rendered.html.encode()
    rendered.text.encode()
    for part in (rendered.html, rendered.text, rendered.subject):
        assert not set(part) & set("\x00\x07\x0b\x1b\x1e\x1f\x7f\x85\x92\u202e\u2066")


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text)[:30])
def test_nasty_text_stays_text(renderer: Renderer, text: str) -> None:
    edition = hostile_edition(text)
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    assert_harmless(rendered)
    rules = {finding.rule for finding in check(edition, rendered, a_publication())}
    assert not rules & {"MIME-05", "MIME-06", "MIME-07", "CNT-01", "CNT-02", "CNT-08", "A11Y-02"}


@given(st.text(st.characters(exclude_categories=()), max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_stays_text(renderer: Renderer, text: str) -> None:
    assert_harmless(renderer.render_edition(hostile_edition(text), a_publication(), TITLE, BASE))


@given(st.text(st.sampled_from("<>/!-[]&;\"'= abmjtd{}%#\x1e\x1f:1\n"), max_size=120))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_scrap_of_markup_stays_text(renderer: Renderer, text: str) -> None:
    assert_harmless(renderer.render_edition(hostile_edition(text), a_publication(), TITLE, BASE))


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text)[:30])
def test_a_confirmation_survives_a_nasty_title(renderer: Renderer, text: str) -> None:
    values = {"newsletter_title": text, "confirm_url": f"{BASE}/confirm/abc"}
    assert_harmless(renderer.render_mail("confirm", a_publication(), values))
