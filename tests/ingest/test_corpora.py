"""Real and hostile documents: what must be read is read, and nothing raises but IngestError."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.errors import IngestError
from digest.ingest import Ingested, read
from digest.ingest.decode import read_json
from digest.ingest.sources.json_feed import JsonFeed
from digest.ingest.sources.rss import Rss
from digest.model import Document, Item
from tests.make import NOW

HERE = Path(__file__).parent.parent / "data" / "feeds"
NO_FEEDS = (".json", ".html", ".opml", ".md", ".upstream")

Corpus = Callable[[str], Path]


def a_document(path: Path) -> Document:
    return Document(str(path), path.read_bytes(), path=str(path))


def outcome(path: Path) -> Ingested | IngestError:
    try:
        return read(a_document(path), site_url="https://news.example", now=NOW)
    except IngestError as exc:
        return exc


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", files(HERE), ids=lambda path: path.name)
def test_small_feeds_of_a_plain_clone_raise_nothing_but_ingest_errors(path: Path) -> None:
    outcome(path)


def test_broken_feeds_of_a_plain_clone_still_give_their_items() -> None:
    def first(name: str) -> Item:
        return Rss().parse(Document("https://f.example/", (HERE / name).read_bytes())).items[0]

    assert first("rdf_channel_empty_textinput.xml").title == "crashes here"
    assert first("rss_item_link_corrupted_ampersands.xml").url.startswith("http://")
    assert first("euc-kr-item.xml").summary


def test_real_feeds_give_entries(corpus: Corpus) -> None:
    paths = [p for p in files(corpus("feeds_realworld")) if p.suffix not in NO_FEEDS]
    source, full, linked, empty = Rss(), 0, 0, []
    for path in paths:
        document = Document("https://feeds.example/feed", path.read_bytes())
        if not source.accepts(document):
            continue
        items = source.parse(document).items
        full += bool(items)
        links = [item for item in items if item.title.strip() and (item.url or item.guid)]
        found = read(document, now=NOW)
        linked += len(found.articles)
        if links and not found.articles:
            empty.append(path.name)
    assert full >= 101
    assert linked >= 1_500
    # their items have a guid that is no address, or a title of markup alone
    assert len(empty) <= 3, empty


def test_every_real_json_feed_gives_articles(corpus: Corpus) -> None:
    paths = [p for p in files(corpus("feeds_realworld")) if p.suffix == ".json"]
    whole = [path for path in paths if "partial" not in path.name]
    assert (len(paths), len(whole)) == (10, 9)
    for path in whole:
        document = a_document(path)
        assert JsonFeed().accepts(document), path.name
        assert JsonFeed().parse(document).items, path.name


@pytest.mark.parametrize(
    "name", ["feeds-feedparser", "feeds-w3c-validator", "xml-bombs", "feeds_realworld"]
)
def test_malformed_documents_raise_nothing_but_ingest_errors(corpus: Corpus, name: str) -> None:
    began = time.monotonic()
    outcomes = [outcome(path) for path in files(corpus(name))]
    assert outcomes
    assert time.monotonic() - began < 60


def test_no_xml_bomb_is_read(corpus: Corpus) -> None:
    for path in files(corpus("xml-bombs")):
        if path.suffix in {".xml", ".xsd"}:
            assert isinstance(outcome(path), IngestError), path.name


BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{a}">
<!ENTITY passwd SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><item><title>x {refs} &passwd;</title>
<link>https://news.example/x</link></item></channel></rss>"""


def test_entities_stand_for_nothing_and_cost_no_memory() -> None:
    script = (
        "import sys\n"
        "from datetime import datetime, UTC\n"
        "from digest.ingest import read\n"
        "from digest.model import Document\n"
        "document = Document('', sys.stdin.buffer.read())\n"
        "found = read(document, now=datetime(2026, 11, 23, tzinfo=UTC))\n"
        # ru_maxrss would count what the parent held when it forked
        "peak = next(row for row in open('/proc/self/status') if row.startswith('VmHWM'))\n"
        "print(found.articles[0].title[:20], peak.split()[1])\n"
    )
    bomb = BOMB.format(a="a" * 10_000, refs="&a; " * 50_000).encode()
    done = subprocess.run(
        [sys.executable, "-c", script], input=bomb, capture_output=True, check=True
    )
    title, _, kilobytes = done.stdout.decode().rpartition(" ")
    assert title.startswith("x &a;")
    assert "root:" not in title
    assert int(kilobytes) < 256 * 1_024


def test_quadratic_blow_up_stays_small(corpus: Corpus) -> None:
    path = corpus("xml-bombs") / "quadratic.xml"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert isinstance(outcome(path), IngestError)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1_024


def test_json_is_read_as_the_standard_says(corpus: Corpus) -> None:
    wrong = []
    for path in files(corpus("json-horrors") / "test_parsing"):
        try:
            read_json(path.read_bytes().decode("utf-8"))
            ok = True
        except (IngestError, UnicodeDecodeError):
            ok = False
        if (path.name[:2], ok) in {("y_", False), ("n_", True)}:
            wrong.append(path.name)
    assert wrong == []


def test_json_that_is_none_is_refused_and_all_other_raises_nothing(corpus: Corpus) -> None:
    for path in files(corpus("json-horrors")):
        found = outcome(path)
        if path.name.startswith("n_"):
            assert isinstance(found, IngestError), path.name


DANGEROUS = ("script", "form", "iframe", "style", "object", "embed", "svg", "math", "base", "meta")
ADDRESSES = ("href", "src", "action", "formaction", "poster", "background", "data", "srcset")


def dangers(markup: str) -> list[str]:
    """Return what of a cleaned body could act, found in a DOM and not by a pattern."""
    from lxml import html

    found = []
    for element in html.fragment_fromstring(markup, create_parent="main").iter():
        found += [str(element.tag)] if element.tag in DANGEROUS else []
        for name, value in element.attrib.items():
            if name.startswith("on") or name in {"style", "srcdoc", "id", "class"}:
                found.append(f"{name}={value}")
            scheme = value.strip().lower().partition(":")[0]
            if name in ADDRESSES and scheme not in {"http", "https", "mailto"}:
                found.append(f"{name}={value}")
    return found


def body_of(payload: str) -> Any:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {"url": "https://news.example/x", "title": payload or "-", "content_html": payload},
            {"url": "https://news.example/y", "title": "y", "content_html": f"<p>{payload}</p>"},
        ],
    }
    return read(Document("", json.dumps(feed).encode()), now=NOW).articles


def test_no_payload_survives_cleaning(corpus: Corpus) -> None:
    payloads = json.loads((corpus("html-xss-dompurify") / "payloads.json").read_text())
    assert len(payloads) == 223
    for payload in payloads:
        for article in body_of(payload["payload"]):
            assert dangers(article.body) == [], payload["payload"]
            assert not any(ord(char) < 32 and char not in "\n\t\r" for char in article.body)


def test_naughty_strings_are_only_strings(corpus: Corpus) -> None:
    for text in json.loads((corpus("naughty-strings") / "blns.json").read_text()):
        for article in body_of(text):
            assert dangers(article.body) == []
            for field in (article.title, article.summary, article.author):
                field.encode()
                assert not any(ord(char) < 32 for char in field)


def test_the_sanitizer_set_of_feedparser_is_clean(corpus: Corpus) -> None:
    for path in files(corpus("feeds-feedparser") / "wellformed" / "sanitize"):
        parsed = Rss().parse(a_document(path))
        for item in parsed.items:
            for article in body_of(item.content or item.summary):
                assert dangers(article.body) == [], path.name


H = '<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>'
I = "<item><title>Some title</title><link>https://x.example/a</link>"  # noqa: E741
N = 20_000
HOSTILE = {
    "open tags": H + "<a>" * N,
    "half tags": H + "<a " * N,
    "cdata": H + "<![CDATA[" * N,
    "declarations": H + "<!" * N,
    "doctype": "<!DOCTYPE x [" + "<!--" * N,
    "entities": "<!DOCTYPE rss [" + '<!ENTITY a "b">' * N + "]><rss/>",
    "items": H + "<item><title>x</title></item>" * N,
    "author": H + I + "<author>" + "a." * N + "</author></item></channel></rss>",
    "nested": H + I + "<description><![CDATA[" + "<div><b><p>" * N,
    "images": H + I + "<description><![CDATA[" + "<img src=x.jpg>" * N,
    "tails": H + I + "<description><![CDATA[" + "the post " * N,
    "boxes": H + I + "<description><![CDATA[" + "<div class=author-box>a b c d e f</div>" * N,
    "json": "[" * N,
    "yaml": "---\na: " + "[" * N + "\n---\nx",
    "yaml list": "---\n" + "- " * N + "\n---\nx",
    "toml": "+++\na = " + "[" * N + "\n+++\nx",
    "quotes": "---\ntitle: x\n---\n" + "> " * N,
    "tables": "---\ntitle: x\n---\n" + "a | b\n--|--\n" * N,
    "names": "A title of it\n" + "".join(f"Ada Berg{n}\n" for n in range(N)) + "a b c d e f g\n",
    "sponsors": "A title\n" + "Sponsor\nfoo bar\n" * N + "a b c d e f g h",
    "page": "<html><body><h1>Title</h1>" + "<div>" * N,
    "wrapped data": "<html><h1>T</h1><script type='application/ld+json'>x" + " // " * 5 * N + "x",
    "linked data": '<html><script type="application/ld+json">' + "[" * N + "</script><p>x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_cost_little_time(name: str) -> None:
    began = time.process_time()
    try:
        read(Document("https://x.example/f", HOSTILE[name].encode()), now=NOW)
    except IngestError:
        pass
    assert time.process_time() - began < 5


def test_no_more_than_500_items_are_read() -> None:
    found = read(Document("https://x.example/", HOSTILE["items"].encode()), now=NOW)
    assert len(found.articles) + len(found.refused) <= 500
