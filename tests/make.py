"""Values with sensible defaults for tests: say only what the test is about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from digest.model import (
    Article,
    Edition,
    Image,
    Part,
    PlacedStory,
    Placement,
    RankedStory,
    Section,
    Story,
)
from digest.text import canonical_url, short_id

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def an_article(title: str = "Harbour reopens after the storm", **given: Any) -> Article:
    """Make an article published a day before NOW."""
    slug = "-".join(title.lower().split()[:6])
    url = given.pop("url", f"https://news.example/world/{short_id(slug)}/")
    values: dict[str, Any] = {
        "id": short_id(canonical_url(url)),
        "key": canonical_url(url),
        "url": url,
        "title": title,
        "author": "Ada Berg",
        "summary": "Ships are moving again and the first ferries left on time this morning.",
        "categories": ("World",),
        "published_at": NOW - timedelta(days=1),
        "first_seen_at": NOW - timedelta(hours=23),
        "words": 420,
        "feed": "Atlas Weekly – World",
        "outlet": "news.example",
    }
    return Article(**(values | given))


def an_image(**given: Any) -> Image:
    """Make a picture with caption, alt text and size."""
    values: dict[str, Any] = {
        "url": "https://news.example/pictures/harbour.jpg",
        "caption": "The outer harbour on Monday.",
        "alt": "A harbour under a pale sun",
        "width": 1200,
        "height": 675,
    }
    return Image(**(values | given))


def a_story(title: str = "Harbour reopens after the storm", **given: Any) -> RankedStory:
    """Make a ranked story with one article."""
    parts = given.pop("parts", (Part("audience", 2_000_000, "12 comments"),))
    others = given.pop("others", ())
    return RankedStory(Story(an_article(title, **given), others), parts)


def a_placed(
    place: int = 1, title: str = "Harbour reopens after the storm", **given: Any
) -> PlacedStory:
    """Make a story in its place."""
    category = given.pop("category", "World")
    update = given.pop("update", False)
    return PlacedStory(place, a_story(title, **given), category, update)


def a_placement(**given: Any) -> Placement:
    """Make a sponsor's text."""
    values: dict[str, Any] = {
        "id": 1,
        "sponsor": "Larkspur Bank",
        "title": "Save while you read",
        "text": "Larkspur pays 2 % on every account. No small print.",
        "url": "https://larkspur.example/save",
        "button": "Open an account",
    }
    return Placement(**(values | given))


_TOP = (
    "Harbour reopens after the storm",
    "Parliament votes to publish its letters",
    "A quiet valley learns to live with wolves",
    "Chip maker doubles its night shift",
    "Orchestra finds a lost symphony in the attic",
)
_MORE = (
    "Ferry strike ends in Palermo",
    "Border towns share one fire engine",
    "Nairobi bans loud buses",
)


def an_edition(**given: Any) -> Edition:
    """Make a full edition: five top stories, one section, one placement."""
    top = tuple(
        a_placed(n, title, image=an_image() if n < 4 else None, author_bio="Ada Berg covers ports.")
        for n, title in enumerate(_TOP, 1)
    )
    more = tuple(a_placed(n, title) for n, title in enumerate(_MORE, 1))
    values: dict[str, Any] = {
        "newsletter": "weekly",
        "slot_on": date(2026, 11, 23),
        "slot_at": NOW,
        "window_start": NOW - timedelta(days=7),
        "window_end": NOW,
        "subject": "Harbour reopens after the storm, and four more stories",
        "stand_first": "This week: a harbour, a parliament, wolves, night shifts and a symphony.",
        "top_stories": top,
        "sections": (Section("More in World", "World", more),),
        "placements": (a_placement(),),
    }
    return Edition(**(values | given))
