"""T21: what was fetched is read within 256 MB and 10 seconds, and a bomb costs one document."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digest.errors import IngestError
from digest.ingest import Ingested, read
from digest.ingest.apart import MEMORY, Apart
from digest.model import Document
from tests.ingest.site import Server
from tests.make import NOW

FEED = b"""<rss version="2.0"><channel><title>Atlas</title><item><title>One</title>
<link>https://news.example/1</link><description>Ships move again.</description></item>
</channel></rss>"""
ITEM = "<rss><channel><item><title>x &e;</title><link>https://news.example/x</link></item>"
#: What a parser must not open or follow; {file} is a pipe nobody writes to, {url} a listener.
MADE = {
    "external entity": '<!DOCTYPE rss [<!ENTITY e SYSTEM "file://{file}">]>' + ITEM,
    "entity from the net": '<!DOCTYPE rss [<!ENTITY e SYSTEM "{url}">]>' + ITEM,
    "external subset": '<!DOCTYPE rss SYSTEM "{url}">' + ITEM,
    "parameter entity": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "file://{file}"> %p;]>' + ITEM,
    "xinclude": '<rss xmlns:i="http://www.w3.org/2001/XInclude"><channel><item><title>x</title>'
    '<link>https://news.example/x</link><i:include href="file://{file}" parse="text"/></item>',
    "schema and style": '<?xml-stylesheet href="{url}" type="text/xsl"?><rss '
    'xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="a {url}">'
    "<channel><item><title>x</title><link>https://news.example/x</link></item>",
    "page": '<!doctype html><html><head><link rel="import" href="file://{file}">'
    '<base href="{url}"></head><body><h1>x</h1><object data="file://{file}"></object>'
    '<p>Some words of it.</p><img src="{url}"></body></html>',
}


@pytest.fixture
def apart() -> Iterator[Apart]:
    started = Apart()
    yield started
    started.close()


def outcome(apart: Apart, content: bytes) -> Ingested | IngestError:
    try:
        return apart.call(read, Document("https://feeds.example/f", content), now=NOW)
    except IngestError as error:
        return error


def peak(apart: Apart) -> int:
    """Return the most bytes the process ever held in memory."""
    lines = Path(f"/proc/{apart.child.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1_024


def test_t21_no_bomb_of_the_corpus_is_read_and_memory_stays_below_256_mb(
    apart: Apart, corpus: Callable[[str], Path]
) -> None:
    paths = [p for p in corpus("xml-bombs").iterdir() if p.suffix in {".xml", ".xsd"}]
    assert len(paths) == 11
    first = apart.child.process.pid
    for path in paths:
        assert isinstance(outcome(apart, path.read_bytes()), IngestError), path.name
    assert peak(apart) <= MEMORY
    assert apart.child.process.pid == first


@pytest.mark.parametrize("name", MADE)
def test_t21_a_document_opens_no_file_and_no_connection(
    apart: Apart, tmp_path: Path, name: str
) -> None:
    server, pipe = Server(), tmp_path / "pipe"
    os.mkfifo(pipe)  # opening it would wait for ever
    content = MADE[name].replace("{file}", str(pipe)).replace("{url}", server.url("/dtd"))
    began = time.monotonic()
    found = outcome(apart, content.encode())
    assert time.monotonic() - began < 9
    assert isinstance(found, Ingested), found
    assert server.connections == 0
    assert peak(apart) <= MEMORY
    server.close()


def test_a_document_too_large_for_the_memory_is_refused_and_the_next_is_read(
    apart: Apart,
) -> None:
    with pytest.raises(IngestError, match="256 MB"):
        apart.call(bytearray, 300_000_000)
    assert len(apart.call(bytearray, 1_000_000)) == 1_000_000
    assert isinstance(outcome(apart, FEED), Ingested)


@pytest.mark.parametrize("hangs", [False, True])
def test_a_document_that_takes_too_long_is_refused_and_the_next_is_read(*, hangs: bool) -> None:
    apart = Apart(seconds=2)
    began = time.monotonic()
    with pytest.raises(IngestError, match="more than 2 seconds"):
        apart.call(time.sleep, 60) if hangs else apart.call(sum, range(10**12))
    assert time.monotonic() - began < 15
    assert isinstance(outcome(apart, FEED), Ingested)
    apart.close()


def test_what_a_function_raises_is_raised_here(apart: Apart) -> None:
    with pytest.raises(IngestError, match="is in no format we know"):
        apart.call(read, Document("https://feeds.example/f", b"\x01\x02"), now=NOW)
    with pytest.raises(ValueError, match="invalid literal"):
        apart.call(int, "x")


def test_one_process_reads_all_documents(apart: Apart) -> None:
    first = apart.child.process.pid
    for _ in range(3):
        assert isinstance(outcome(apart, FEED), Ingested)
    assert apart.child.process.pid == first
