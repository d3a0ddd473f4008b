"""What the templates are given: cut, dated, counted, and safe to link."""

from pathlib import Path
from typing import Any

import pytest

from digest.errors import RenderError
from digest.model import Edition
from digest.render import default_theme
from digest.render.hues import HUES, hue_of
from digest.render.shown import EditionView, StoryView, WriterView
from digest.render.view import edition_view
from digest.render.words import Words, direction, speech
from digest.settings.tables import Publication
from tests.make import a_placed, a_placement, an_article, an_edition, an_image
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication


def _view(edition: Edition | None = None, publication: Publication | None = None) -> EditionView:
    publication = publication or a_publication()
    spoken = speech((default_theme(),), publication.language)
    return edition_view(edition or a_full_edition(), publication, TITLE, BASE, spoken)


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
    assert _lead(outlet="news.example").meta == "2 min read"
    assert _lead(outlet="peak.example").meta == "peak.example · 2 min read"
    assert _lead(words=0).meta == ""


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


def test_numbers_are_grouped_as_the_language_does() -> None:
    for language, shown in (("en", "1,234"), ("de", "1.234")):
        assert speech((default_theme(),), language).number(1234) == shown


def test_an_unknown_language_speaks_english() -> None:
    spoken = speech((default_theme(),), "xx-YY")
    assert spoken.words.unsubscribe == "Unsubscribe"
    assert spoken.language == "xx-YY"


def test_a_placement_without_a_button_gets_one() -> None:
    view = _view(an_edition(placements=(a_placement(button=""),)))
    sponsor = view.rows[-1].sponsor
    assert sponsor is not None
    assert sponsor.button == "Visit Larkspur Bank"


def test_a_category_keeps_its_colour() -> None:
    assert hue_of("World") == hue_of(" world ")
    assert len({hue_of(f"Category {n}").number for n in range(200)}) == len(HUES)


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_category_colours_can_be_read_light_and_dark() -> None:
    for hue in HUES:
        assert _contrast(hue.light, "#ffffff") >= 4.5
        assert _contrast(hue.dark, "#1b1d20") >= 4.5


def test_the_palette_can_be_read_light_and_dark() -> None:
    grounds = {"#ffffff", "#f8f5ef", "#f0ece5"}
    for text in ("#17181c", "#3c3e45", "#666870"):
        assert min(_contrast(text, ground) for ground in grounds) >= 4.5
    assert _contrast("#b4530a", "#f8f5ef") >= 4.5
    assert _contrast("#ffffff", "#b4530a") >= 4.5
    for text in ("#f5f2ec", "#cfcdc8", "#a2a3a8", "#f0a35e"):
        assert min(_contrast(text, ground) for ground in ("#1b1d20", "#25272b", "#111214")) >= 4.5


@pytest.mark.parametrize(
    "language", [path.stem for path in sorted((default_theme() / "parts" / "words").iterdir())]
)
def test_every_language_has_every_phrase_and_its_places(language: str) -> None:
    english = speech((default_theme(),), "en").words
    words = speech((default_theme(),), language).words
    for name in Words.__dataclass_fields__:
        text = getattr(words, name)
        assert text
        if name != "one_story":
            for place in ("{title}", "{n}", "{time}", "{author}", "{sponsor}"):
                assert (place in text) == (place in getattr(english, name)), name


def test_a_wrong_phrase_is_named(tmp_path: Path) -> None:
    (tmp_path / "parts" / "words").mkdir(parents=True)
    (tmp_path / "parts" / "words" / "en.toml").write_text('unsubscibe = "Leave"')
    with pytest.raises(RenderError, match=r"en\.toml: unsubscibe is not"):
        speech((tmp_path, default_theme()), "en")


def test_a_publication_may_change_one_phrase(tmp_path: Path) -> None:
    (tmp_path / "parts" / "words").mkdir(parents=True)
    (tmp_path / "parts" / "words" / "en.toml").write_text('read = "Go on"')
    words = speech((tmp_path, default_theme()), "en").words
    assert (words.read, words.unsubscribe) == ("Go on", "Unsubscribe")


def test_direction_follows_the_first_subtag() -> None:
    assert [direction(tag) for tag in ("ar-EG", "he", "FA", "en", "de-AT")] == [
        "rtl",
        "rtl",
        "rtl",
        "ltr",
        "ltr",
    ]
