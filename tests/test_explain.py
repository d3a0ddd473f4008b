"""The explanation says why, as text, as JSON and as a page that needs nothing but itself."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from digest import explain
from digest.explain.page import as_html
from digest.model import Edition, LeftOut, Override, Part
from tests.make import NOW, a_placed, an_article, an_edition

DECIDED = Override("place", {"to": "top", "place": 1}, "ada", NOW, an_article().id)


def edition(**given: object) -> Edition:
    placed = replace(
        a_placed(
            1,
            parts=(Part("audience", 2_000_000, "12 comments"), Part("editor", -500_000, "boost")),
            language="de",
        ),
        note="pinned to place 1 by ada",
    )
    left = (LeftOut("abc", "Late", "below the cut", 1_250_000), LeftOut("def", "Dull", "hidden"))
    values = {"top_stories": (placed,), "left_out": left, "spare": ("abc",)}
    return an_edition(**values | {"overrides": (DECIDED,)} | given)


class Page(HTMLParser):
    """What a page has: tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)


def test_the_page_says_everything_the_text_says() -> None:
    words = " ".join(Page(as_html(edition())).words)
    every = (
        "12 comments",
        "2.00",
        "−0.50",
        "1.50",
        "Pinned to place 1 by ada.",
        "pinned to place 1 by ada, 2026-11-23 06:30 UTC",
        "below the cut; carried over to the next edition. (abc, 1.25 points)",
    )
    for said in every:
        assert said.casefold() in words.casefold(), said


def test_the_page_fetches_nothing_runs_nothing_and_names_its_language() -> None:
    text = as_html(edition())
    page = Page(text)
    assert page.tags[0] == ("html", {"lang": "en"})
    assert ("lang", "de") in [pair for tag, attrs in page.tags for pair in attrs.items()
                              if tag == "a"]  # fmt: skip
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "img", "link", "iframe", "object", "base"})
    assert not [attrs for _, attrs in page.tags if "src" in attrs]
    assert "url(" not in text
    assert "@import" not in text


def test_bars_are_drawn_from_one_zero_in_every_chart() -> None:
    rects = re.findall(r'<rect class=(\w+) x="([\d.]+)" width="([\d.]+)"', as_html(edition()))
    more, less = rects[0], rects[1]
    assert (more[0], less[0]) == ("more", "less")
    assert float(more[1]) == float(less[1]) + float(less[2]) == 20.0
    assert float(more[1]) + float(more[2]) == 100.0


def test_markup_in_what_is_told_is_text() -> None:
    evil = "<script>alert(1)</script>\"'"
    left = (LeftOut("abc", evil, evil),)
    one = replace(DECIDED, by=evil)
    placed = a_placed(1, evil, author=evil, parts=(Part(evil, 1, evil),))
    text = as_html(edition(subject=evil, top_stories=(placed,), left_out=left, overrides=(one,)))
    assert "script" not in {tag for tag, _ in Page(text).tags}


def test_an_edition_without_anything_is_a_page_too() -> None:
    text = as_html(an_edition(top_stories=(), sections=(), left_out=()))
    assert "Nothing." in text


def test_colours_are_readable_in_light_and_dark() -> None:
    for palette in re.findall(r":root \{([^}]*)\}", as_html(edition())):
        hues = dict(re.findall(r"--(\w+): #([0-9a-f]+)", palette))
        for ground in ("page", "card"):
            assert contrast(hues["ink"], hues[ground]) >= 7
            assert contrast(hues["soft"], hues[ground]) >= 4.5
        for bar in ("bar", "less"):
            assert contrast(hues[bar], hues["track"]) >= 3


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(hue: str) -> float:
    full = "".join(c * 2 for c in hue) if len(hue) == 3 else hue
    parts = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_one_article_is_explained_with_what_was_decided_of_it() -> None:
    text = explain.one_as_text(edition(), an_article())
    assert text.endswith("pinned to place 1 by ada, 2026-11-23 06:30 UTC\n")
    assert "score 1.50" in text
    only = explain.as_json(edition(), an_article())
    assert [one["article_id"] for one in only["picked"]] == [an_article().id]
    assert only["left_out"] == []
