"""The small parts: when a feed is due, lists of feeds, files on disk, dates, encodings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.errors import IngestError
from digest.ingest import dates, due, files, opml, read
from digest.ingest.addresses import slug
from digest.ingest.decode import decode
from digest.model import Document
from tests.make import NOW

HOUR = timedelta(hours=1)


def rhythm(gap: timedelta, count: int = 10) -> list[datetime]:
    return [NOW - gap * n for n in range(count)]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (timedelta(minutes=10), timedelta(minutes=15)),
        (4 * HOUR, HOUR),
        (24 * HOUR, 6 * HOUR),
        (timedelta(days=30), 24 * HOUR),
    ],
)
def test_a_feed_is_due_four_times_between_two_articles(gap: timedelta, expected: timedelta) -> None:
    assert due.next_due(NOW, published=rhythm(gap)) == NOW + expected


def test_a_feed_that_fell_silent_is_asked_less_often() -> None:
    old = [moment - timedelta(days=8) for moment in rhythm(HOUR)]
    assert due.next_due(NOW, published=old) == NOW + 12 * HOUR


def test_an_unknown_feed_is_due_in_an_hour() -> None:
    assert due.next_due(NOW) == NOW + HOUR
    assert due.next_due(NOW, published=[NOW + HOUR]) == NOW + HOUR


@pytest.mark.parametrize(("failures", "hours"), [(1, 2), (2, 4), (3, 8), (5, 24), (1_000, 24)])
def test_failures_double_the_wait(failures: int, hours: int) -> None:
    assert due.next_due(NOW, failures=failures) == NOW + hours * HOUR


def test_what_the_server_asks_is_the_least_we_wait() -> None:
    assert due.next_due(NOW, retry_after=3 * HOUR) == NOW + 3 * HOUR
    assert due.next_due(NOW, max_age=2 * HOUR, retry_after=HOUR) == NOW + 2 * HOUR
    assert due.next_due(NOW, max_age=timedelta(days=365)) == NOW + 24 * HOUR
    assert due.next_due(NOW, max_age=timedelta(0), published=rhythm(4 * HOUR)) == NOW + HOUR


OPML = b"""<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
<outline text="World"><outline type="rss" text="Atlas &amp; Co" xmlUrl="https://a.example/feed"/>
<outline text="Twice" xmlUrl="https://a.example/feed"/></outline>
<outline title="Science daily" xmlurl=" https://b.example/feed " category="/News/Science,Other"/>
<outline text="No address"/><outline text="Bad" xmlUrl="javascript:alert(1)"/></body></opml>"""


def test_a_list_of_feeds_is_read_with_folders_as_sections() -> None:
    assert opml.parse(OPML) == [
        opml.Listed("https://a.example/feed", "Atlas & Co", "World"),
        opml.Listed("https://b.example/feed", "Science daily", "Science"),
    ]


def test_a_list_of_feeds_survives_writing_and_reading() -> None:
    feeds = [
        opml.Listed("https://c.example/?a=1&b=2", 'A "quoted" <title>', "World"),
        opml.Listed("https://a.example/feed", "", ""),
        opml.Listed("https://b.example/feed", "B", "Arts"),
    ]
    written = opml.write(feeds, "Atlas & Co")
    assert written == opml.write(reversed(feeds), "Atlas & Co")
    assert {(f.url, f.section) for f in opml.parse(written.encode())} == {
        (f.url, f.section) for f in feeds
    }


def test_what_is_no_list_of_feeds_is_refused() -> None:
    with pytest.raises(IngestError, match="no OPML"):
        opml.parse(b"<rss/>")
    with pytest.raises(IngestError, match="digest feeds import"):
        read(Document("x.opml", OPML, path="x.opml"), now=NOW)


def test_files_and_folders_become_documents_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("b")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.html").write_text("x")
    (tmp_path / ".hidden").write_text("no")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("no")
    (tmp_path / "link").symlink_to("/etc/passwd")
    found = list(files.documents([tmp_path, tmp_path / "missing"]))
    names = [Path(one.path).relative_to(tmp_path).as_posix() for one in found]
    assert names == ["a/x.html", "b.md", "missing"]
    assert found[0].document == Document(found[0].path, b"x", path=found[0].path)
    assert found[2].document is None
    assert found[2].problem.endswith("missing: there is no such file or folder")


def test_a_file_too_large_is_reported(tmp_path: Path) -> None:
    with (tmp_path / "big.xml").open("wb") as big:
        big.truncate(files.LARGEST + 1)
    (found,) = files.documents([tmp_path])
    assert found.problem.endswith("big.xml: is larger than 20 MB")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00+00:00"),
        ("2026-11-20T08:00:00.123+02:00", "2026-11-20T06:00:00.123000+00:00"),
        ("2026-11-20", "2026-11-20T00:00:00+00:00"),
        ("Fri, 20 Nov 2026 08:00:00 GMT", "2026-11-20T08:00:00+00:00"),
        ("Fri, 20 Nov 2026 08:00:00 -0500", "2026-11-20T13:00:00+00:00"),
        ("November 20, 2026", "2026-11-20T00:00:00+00:00"),
        ("20 Nov 2026 10:30 CET", "2026-11-20T09:30:00+00:00"),
        ("Nov 20, 2026 10:30 XYZ", "2026-11-20T10:30:00+00:00"),
        ("Fri, 20 Nov 26 08:00:00 EST", "2026-11-20T13:00:00+00:00"),
        ("2026-05-04 08:00 CET", "2026-05-04T07:00:00+00:00"),
        ("20/11/2026", "2026-11-20T00:00:00+00:00"),
        ("03/04/2026", ""),
        ("10:30", ""),
        ("November 2026", ""),
        ("Monday", ""),
        ("0001-01-01T00:00:00Z", ""),
        ("1970-01-01T00:00:00Z", ""),
        ("9999-12-31T23:59:59-23:00", ""),
        ("yesterday", ""),
        ("x" * 200, ""),
        ("", ""),
    ],
)
def test_a_moment_is_read_and_never_guessed(text: str, expected: str) -> None:
    found = dates.moment(text)
    assert (found.isoformat() if found else "") == expected
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("é".encode(), ""),
        ("é".encode("utf-8-sig"), ""),
        ("é".encode("cp1252"), ""),
        ("é".encode("latin-1"), "text/html; charset=iso-8859-1"),
        ("é".encode(), "text/html; charset=rot13"),
        ("é".encode(), "text/html; charset=us-ascii"),
    ],
)
def test_text_is_decoded_by_what_it_says_or_is(content: bytes, kind: str) -> None:
    assert decode(content, kind) == "é"


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_wide_encodings_are_seen(name: str) -> None:
    text = '<?xml version="1.0"?><rss>é</rss>'
    assert decode(text.encode(name)) == text


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Harbour Reopens!", "harbour-reopens"),
        ("Ada’s Café – für alle", "adas-cafe-fur-alle"),
        ("港特首", "港特首"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_slug_is_short_and_readable(title: str, expected: str) -> None:
    assert slug(title) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"%PDF-1.7", "a PDF"),
        (b"<?xml version='1.0'?><sitemap><x/></sitemap>", "XML with <sitemap>"),
        (b"one line", "no format we know"),
        (b"\x00\x01\x02" * 50, "no format we know"),
    ],
)
def test_what_nobody_reads_is_described(content: bytes, words: str) -> None:
    with pytest.raises(IngestError, match="readable are RSS") as caught:
        read(Document("x.bin", content, path="x.bin"), now=NOW)
    assert words in str(caught.value)
    assert str(caught.value).startswith("x.bin: ")


def test_importing_ingest_is_light() -> None:
    import subprocess
    import sys

    heavy = "('feedparser', 'trafilatura', 'httpcore2', 'lxml', 'nh3', 'yaml', 'markdown_it')"
    code = f"import sys, digest.ingest; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
