"""What holds for every article that real feeds and pages give, whatever came in."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmarks import extraction

from digest.errors import IngestError
from digest.ingest import read
from digest.ingest.html import TAGS
from digest.model import Article, Document
from tests.make import NOW

Corpus = Callable[[str], Path]

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
ASKING = re.compile(r"(?i)(?:continue reading|read more|weiterlesen|lire la suite)\W*$")
TAG = re.compile(r"</?(?:p|div|span|b|i|em|strong|a|br|img|script)\b[^>]*>", re.IGNORECASE)


def articles(folder: Path) -> Iterator[Article]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield from read(
                Document("https://feeds.example/x", path.read_bytes()), now=NOW
            ).articles
        except IngestError:
            continue


def wrongs(article: Article) -> Iterator[str]:
    """Yield what is not clean about an article."""
    image = article.image
    shown = [article.title, article.summary, article.author, article.author_bio, article.body]
    shown += [*article.categories, *([image.alt, image.caption] if image else [])]
    if any(FORBIDDEN.search(value) for value in shown):
        yield "control character"
    if any(TAG.search(value) for value in (article.title, article.author)):
        yield "markup in a title or name"
    if len(article.summary) > 320 or ASKING.search(article.summary):
        yield f"summary {article.summary[-60:]}"
    if any(
        not re.match("https?:|mailto:", url)
        for url in re.findall(r'(?:href|src)="([^"]*)', article.body)
    ):
        yield "relative address"
    if set(re.findall(r"<(\w+)", article.body)) - TAGS:
        yield "tag that is not allowed"
    if image and not re.match("https?://", image.url):
        yield "address of the picture"
    if not re.match("https?://", article.key) or "utm_" in article.url or not article.title:
        yield "address or title"


def test_every_article_of_the_real_feeds_is_clean(corpus: Corpus) -> None:
    found = list(articles(corpus("feeds_realworld")))
    assert len(found) > 1_500
    assert [(article.url, wrong) for article in found for wrong in wrongs(article)] == []


def test_a_cut_summary_ends_at_a_whole_word_of_its_text(corpus: Corpus) -> None:
    for article in articles(corpus("feeds_realworld")):
        cut = article.summary.endswith("…") and len(article.summary) > 250
        last = re.findall(r"\w+", article.summary)[-1:] if cut else []
        text = " ".join(re.sub("<[^>]*>", " ", article.body).split())
        if last and article.summary[:60] in text and article.summary.isascii():
            assert re.search(rf"\b{last[0]}\b", text), article.url


@pytest.fixture(scope="module")
def tallies(request: pytest.FixtureRequest) -> dict[str, extraction.Tally]:
    corpus: Corpus = request.getfixturevalue("corpus")
    return extraction.measure(corpus("html_news_pages"))


def test_pages_are_read_at_least_as_well_as_by_trafilatura_alone(
    tallies: dict[str, extraction.Tally],
) -> None:
    ours, plain = tallies["ours"], tallies["trafilatura"]
    assert ours.mean(0) >= max(0.98, plain.mean(0))


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("readability title", 0.95),
        ("readability date", 0.9),
        ("readability byline", 0.75),
        ("newspaper4k title", 0.9),
        ("newspaper4k date", 0.9),
    ],
)
def test_what_pages_say_of_themselves_is_read(
    tallies: dict[str, extraction.Tally], name: str, least: float
) -> None:
    assert tallies["ours"].share(name) >= least, tallies["ours"].wrong
