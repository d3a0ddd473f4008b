"""Editions of several sizes, and what they are rendered with."""

from typing import Any

from digest.model import Edition, Placement, Section
from digest.settings.tables import Publication
from tests.make import a_placed, a_placement, an_article, an_edition, an_image

TITLE = "The Week at Atlas"
BASE = "https://digest.news.example"

_SUMMARY = (
    "The outer basin had been closed since Thursday, when strong winds pushed two container "
    "ships against the eastern mole. Pilots say the channel needs dredging before winter."
)


def a_publication(**given: Any) -> Publication:
    """Make a publication with everything a mail must show."""
    values: dict[str, Any] = {
        "name": "Atlas Weekly",
        "url": "https://news.example",
        "language": "en",
        "postal_address": "1 Main Street, 10115 Berlin",
        "contact": "Atlas Weekly <editor@news.example>",
    }
    return Publication(**(values | given))


def two_placements() -> tuple[Placement, ...]:
    """Make two sponsors' texts."""
    second = a_placement(
        id=2,
        sponsor="Nimbus Conf",
        title="Two days of practical weather",
        text="Forty talks, no keynotes, in Lisbon and online.",
        url="https://nimbus.example/programme",
        button="See the programme",
    )
    return (a_placement(), second)


def a_section(category: str, count: int) -> Section:
    """Make a category section."""
    folder = f"https://news.example/2026/11/{category.lower()}"
    stories = tuple(
        a_placed(
            n,
            f"{category} story number {n}",
            summary=_SUMMARY,
            category=category,
            url=f"{folder}/a-story-with-a-slug-{n}/",
        )
        for n in range(1, count + 1)
    )
    return Section(f"More in {category}", category, stories)


def a_full_edition(**given: Any) -> Edition:
    """Make an edition that uses everything a template can show."""
    others = tuple(
        an_article("Their view", url=f"https://{host}/harbour/", outlet=host)
        for host in ("tidewater.example", "dailyledger.example")
    )
    top = (
        a_placed(
            1,
            "Harbour reopens after the storm",
            image=an_image(),
            others=others,
            author_bio="Ada Berg covers ports.",
            summary=_SUMMARY,
            category="Ports",
        ),
        a_placed(2, "Parliament opens its letters", image=an_image(caption=""), update=True),
        a_placed(3, "Wolves come home", image=an_image(width=0, height=0), outlet="peak.example"),
        a_placed(4, "Night shifts double", words=0, author=""),
        a_placed(5, "A lost symphony"),
        a_placed(6, "Why the night train came back"),
    )
    values: dict[str, Any] = {
        "note": "Good morning.\n\nRead the lead first.",
        "top_stories": top,
        "sections": tuple(a_section(name, 3) for name in ("World", "Science", "Culture")),
        "placements": two_placements(),
    }
    return an_edition(**(values | given))


def a_long_edition() -> Edition:
    """Make an edition of 30 stories and two placements."""
    top = tuple(
        a_placed(
            n,
            f"A headline of the usual length about matter number {n}, which went on",
            summary=_SUMMARY,
            image=an_image() if n < 5 else None,
            author_bio="Ada Berg covers ports and the people who work there.",
            url=f"https://news.example/2026/11/23/a-slug-of-the-usual-length-{n}/",
        )
        for n in range(1, 11)
    )
    names = ("World", "Science", "Culture", "Business", "Sport")
    sections = tuple(a_section(name, 4) for name in names)
    return an_edition(top_stories=top, sections=sections, placements=two_placements())
