"""How well is an article taken out of a saved page, beside plain trafilatura on the same pages?

`--data` names a folder with the corpora article-extraction-benchmark (texts), readability and
newspaper4k (titles, dates, bylines). Texts are compared as multisets of words, page by page; ours
is the body of the article as it would be stored. Titles and names are compared without case and
punctuation, dates by their day. A page counts only for what its corpus states of it.
"""

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from digest.errors import IngestError
from digest.ingest import dates, html, read
from digest.model import Article, Document

NOW = datetime(2100, 1, 1, tzinfo=UTC)  #: no page is younger, so no date is refused as a mistake
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a corpus states of a page; "" where it states nothing."""

    name: str
    content: bytes
    url: str = ""
    text: str = ""
    title: str = ""
    byline: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What an extractor gave."""

    text: str = ""
    title: str = ""
    byline: str = ""
    date: str = ""  #: ISO day


@dataclass(slots=True)
class Tally:
    """Figures of one extractor: right and stated, by field."""

    scores: list[tuple[float, float, float]] = field(default_factory=list)
    right: Counter[str] = field(default_factory=Counter)
    stated: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, corpus: str, truth: Truth, found: Found) -> None:
        """Count what was found for one page."""
        if truth.text:
            self.scores.append(overlap(found.text, truth.text))
            if self.scores[-1][0] < 0.9:
                self.wrong.append(f"text {self.scores[-1][0]:.3f} {truth.name}")
        for name, same in (("title", _same), ("byline", _same_people), ("date", _same_day)):
            wanted, given = getattr(truth, name), getattr(found, name)
            if wanted:
                self.stated[f"{corpus} {name}"] += 1
                self.right[f"{corpus} {name}"] += same(wanted, given)
                if not same(wanted, given):
                    self.wrong.append(f"{name} “{given}” for “{wanted}” {truth.name}")

    def mean(self, part: int) -> float:
        """Return the mean of F1, precision or recall over the pages."""
        return sum(score[part] for score in self.scores) / max(len(self.scores), 1)

    def share(self, name: str) -> float:
        """Return the share of a field that is right."""
        return self.right[name] / max(self.stated[name], 1)


def overlap(found: str, wanted: str) -> tuple[float, float, float]:
    """Return F1, precision and recall of the words of two texts."""
    one, two = Counter(WORD.findall(found)), Counter(WORD.findall(wanted))
    common = (one & two).total()
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / one.total(), common / two.total()
    return 2 * precision * recall / (precision + recall), precision, recall


def ours(truth: Truth) -> Found:
    """Read a page as `digest articles import` does."""
    try:
        articles = read(
            Document(truth.url, truth.content, "text/html"), site_url="https://x.example", now=NOW
        ).articles
    except IngestError:
        return Found()
    return _found(articles[0]) if articles else Found()


def _found(article: Article) -> Found:
    body = html.text_of(html.parse(article.body))
    date = article.published_at.date().isoformat() if article.published_at else ""
    return Found(body, article.title, article.author, date)


def plain(truth: Truth) -> Found:
    """Read a page with trafilatura as it comes."""
    import trafilatura

    found: Any = trafilatura.bare_extraction(truth.content, with_metadata=True)
    if found is None:
        return Found()
    return Found(found.text or "", found.title or "", found.author or "", found.date or "")


def texts(folder: Path) -> Iterator[Truth]:
    for name, stated in json.loads((folder / "ground-truth.json").read_text()).items():
        path = folder / f"html__{name}.html.gz"
        if path.exists():
            content = gzip.decompress(path.read_bytes())
            yield Truth(stated.get("url") or name, content, stated["url"], stated["articleBody"])


def readability(folder: Path) -> Iterator[Truth]:
    for path in sorted(folder.glob("*source.html")):
        stated = _json(path.with_name(path.name.replace("source.html", "expected-metadata.json")))
        named = {"byline": stated.get("byline") or "", "date": stated.get("publishedTime") or ""}
        yield Truth(path.name, path.read_bytes(), title=stated.get("title") or "", **named)


def newspaper(folder: Path) -> Iterator[Truth]:
    for path in sorted(folder.glob("*__html__*.html")):
        name = path.name.replace("__html__", "__metadata__").replace(".html", ".json")
        stated = _json(path.with_name(name))
        named = {"title": stated.get("title") or "", "date": stated.get("publish_date") or ""}
        authors = ", ".join(stated.get("authors") or [])
        yield Truth(path.name, path.read_bytes(), stated.get("url") or "", byline=authors, **named)


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _plain(text: str) -> str:
    return " ".join(WORD.findall(text.casefold().replace("’", "'")))


def _same(wanted: str, given: str) -> bool:
    """Compare titles; a corpus may keep the site's name at the end, which we cut."""
    rest = wanted.strip().removeprefix(given.strip()) if given else ""
    return _plain(wanted) == _plain(given) or (rest != wanted and rest.strip()[:1] in "|_-–—»·[")


def _same_people(wanted: str, given: str) -> bool:
    """Compare names as sets of words, without "by", an address or the date a corpus keeps there."""
    wanted = re.sub(r"\(http\S*\)|\w+ \d{1,2}, \d{4}", "", wanted)
    idle = {"by", "and", "von", "par"}
    return set(_plain(wanted).split()) - idle == set(_plain(given).split()) - idle != set()


def _same_day(wanted: str, given: str) -> bool:
    """Compare days; a moment near midnight may be a day off, as zones differ."""
    known, other = dates.moment(wanted), dates.moment(given)
    if known is None or other is None:
        return False
    return abs((known.date() - other.date()).days) <= (0 if known.hour in range(8, 16) else 1)


def measure(folder: Path) -> dict[str, Tally]:
    corpora = {
        "aeb": texts(folder / "article-extraction-benchmark"),
        "readability": readability(folder / "readability"),
        "newspaper4k": newspaper(folder / "newspaper4k"),
    }
    tallies = {"ours": Tally(), "trafilatura": Tally()}
    for corpus, truths in corpora.items():
        for truth in truths:
            for name, tally in tallies.items():
                tally.add(corpus, truth, ours(truth) if name == "ours" else plain(truth))
    return tallies


def main() -> None:
    """Print the table, what is wrong when asked, and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--wrong", action="store_true", help="name what we got wrong")
    given = parser.parse_args()
    inner = given.data / "html_news_pages"
    tallies = measure(inner if inner.is_dir() else given.data)
    mine, other = tallies["ours"], tallies["trafilatura"]
    parts = enumerate(("f1", "precision", "recall"))
    rows = [(f"text {name}", mine.mean(n), other.mean(n)) for n, name in parts]
    rows += [(f"{n} ({mine.stated[n]})", mine.share(n), other.share(n)) for n in mine.stated]
    print(f"{'':24} {'ours':>8} {'plain trafilatura':>18}")
    for label, left, right in rows:
        print(f"{label:24} {left:8.4f} {right:18.4f}")
    for line in mine.wrong if given.wrong else ():
        print(line)
    shares = {n.replace(" ", "_"): round(mine.share(n), 4) for n in mine.stated}
    figures = {"pages": len(mine.scores), "f1": round(mine.mean(0), 4)}
    print(json.dumps({**figures, "trafilatura_f1": round(other.mean(0), 4), **shares}))


if __name__ == "__main__":
    main()
