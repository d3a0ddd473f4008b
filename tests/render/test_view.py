"""What the templates are given: cut, dated, counted, and safe to link."""

from typing import Any

import pytest

from digest.language import speech
from digest.model import Edition
from digest.render import default_theme
from digest.render.look import hue_of
from digest.render.shown import EditionView, Hue, StoryView, WriterView
from digest.render.view import Frame, edition_view
from digest.settings import Publication, Theme
from tests.make import a_placed, a_placement, an_article, an_edition, an_image
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication

_USUAL = Theme()


def _view(
    edition: Edition | None = None,
    publication: Publication | None = None,
    theme: Theme = _USUAL,
    short: int = 0,
) -> EditionView:
    publication = publication or a_publication()
    spoken = speech((default_theme(),), publication.language)
    frame = Frame(publication, TITLE, BASE, theme, short)
    return edition_view(edition or a_full_edition(), frame, spoken)


def _lead(**given: Any) -> StoryView:
    lead = _view(an_edition(top_stories=(a_placed(1, **given),))).lead
    assert lead is not None
    return lead


def test_long_titles_and_summaries_are_cut() -> None:
    lead = _lead(title="word " * 1000, summary="word " * 1000)
    assert len(lead.title) <= 140
    assert len(lead.summary) <= 320
    assert lead.title.endswith("word…")


def test_teasers_are_one_line_cut_at_a_word() -> None:
    for story in _view().sections[0].stories:
        assert len(story.summary) <= 110
        assert story.summary.endswith("…")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "",
        "//news.example/x",
        "https://",
        'https://a.example/"onclick="x',
        "https://a.example/ space",
        "ftp://a.example/",
        "https://a.example/{{ x }}",
        "https://a.example/" + "a" * 3000,
    ],
)
def test_only_plain_web_addresses_are_linked(url: str) -> None:
    lead = _lead(url=url, id="x", image=an_image(url=url))
    assert lead.url == ""
    assert lead.image is None


def test_the_first_picture_is_wide_and_the_next_three_are_small() -> None:
    top = tuple(a_placed(n, f"Story {n}", image=an_image()) for n in range(1, 7))
    view = _view(an_edition(top_stories=top))
    assert view.lead is not None
    assert view.lead.image is not None
    assert (view.lead.image.width, view.lead.image.height) == (592, 333)
    assert [row.image.width if row.image else 0 for row in view.rows] == [120, 120, 120, 0, 0]


@pytest.mark.parametrize(
    ("width", "height", "shown"), [(0, 0, 333), (800, 600, 444), (9, 900, 1184)]
)
def test_pictures_keep_their_shape(width: int, height: int, shown: int) -> None:
    image = _lead(image=an_image(width=width, height=height)).image
    assert image is not None
    assert image.height == shown


def test_a_picture_without_words_is_described_by_its_story() -> None:
    image = _lead(image=an_image(alt="", caption="")).image
    assert image is not None
    assert image.alt == "Photo: Harbour reopens after the storm"


def test_an_outlet_is_named_only_when_it_is_not_ours() -> None:
    assert _lead(outlet="news.example").meta == ("2 min read",)
    assert _lead(outlet="peak.example").meta == ("peak.example", "2 min read")
    assert _lead(words=0).meta == ()


def test_a_summary_says_nothing_of_how_long_the_article_is() -> None:
    assert _lead(words=99).meta == ()
    assert _lead(words=100).meta == ("1 min read",)


def test_other_outlets_are_named_once_and_without_the_leads_own() -> None:
    hosts = ("tide.example", "tide.example", "news.example", "ledger.example")
    others = tuple(
        an_article(f"Take {n}", url=f"https://{host}/{n}", outlet=host)
        for n, host in enumerate(hosts)
    )
    assert [link.name for link in _lead(others=others).also] == ["tide.example", "ledger.example"]


def test_a_biography_that_begins_with_the_name_runs_on() -> None:
    writer = _lead(author_bio="Ada Berg covers ports.").writer
    assert writer == WriterView("Ada Berg", "A", "covers ports.", run_in=True)
    writer = _lead(author_bio="Our reporter in the north.").writer
    assert writer == WriterView("Ada Berg", "A", "Our reporter in the north.", run_in=False)


def test_dates_and_counts_follow_the_language() -> None:
    assert _view().date == "Monday, November 23, 2026"
    assert _view(publication=a_publication(language="en-GB")).date == "Monday, 23 November 2026"
    assert _view(publication=a_publication(language="fr")).count == "15 articles"
    assert _view(an_edition(top_stories=(a_placed(),), sections=())).count == "1 story"


def test_a_placement_without_a_button_gets_one() -> None:
    view = _view(an_edition(placements=(a_placement(button=""),)))
    sponsor = view.rows[-1].sponsor
    assert sponsor is not None
    assert sponsor.button == "Visit Larkspur Bank"


def test_a_category_keeps_its_colour() -> None:
    theme = Theme()
    assert hue_of("World", theme) == hue_of(" world ", theme)
    assert len({hue_of(f"Category {n}", theme).number for n in range(200)}) == len(theme.hues)


def test_a_category_may_have_a_colour_of_its_own() -> None:
    theme = Theme(categories={"World": ("#112233", "#ddeeff")})
    assert hue_of(" world ", theme) == Hue(100, "#112233", "#ddeeff")
    assert hue_of("Sport", theme) == hue_of("Sport", Theme())
