"""F30, F31: bad templates and feeds that fail; an edition is whole or does not go out."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from digest import pipeline, scheduler
from digest.errors import DigestError
from digest.model import DeliveryState, EditionState
from digest.store import articles, feeds
from tests.apps import Clock, an_app, fill
from tests.faults.conftest import MakeOutlet
from tests.faults.outlet import address
from tests.faults.sink import Sink
from tests.ingest.site import Server, Site
from tests.make import NOW

Figures = Callable[..., None]

BAD = {
    "a syntax error": "<mjml><mj-body>{% if edition %}</mj-body></mjml>",
    "an endless loop": "{% for a in range(9999) %}{% for b in range(9999) %}"
    "{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
    "a gigabyte of output": "<mjml><mj-body>{{ 'x' * 1000000000 }}</mj-body></mjml>",
    "a name nobody knows": "<mjml><mj-body><mj-text>{{ nobody.knows }}</mj-text></mj-body></mjml>",
}


LONG = ("an endless loop", "a gigabyte of output")
CASES = [pytest.param(w, marks=pytest.mark.thorough) if w in LONG else w for w in BAD]


@pytest.mark.parametrize("what", CASES)
def test_f30_a_bad_template_is_found_before_anything_is_sent(
    tmp_path: Path, sink: Sink, what: str, figures: Figures
) -> None:
    app = an_app(tmp_path, transport="smtp", port=sink.port)
    fill(app, readers=3)
    own = tmp_path / "templates" / "email" / "edition"
    own.mkdir(parents=True)
    (own / "body.mjml").write_text(BAD[what])
    edition = pipeline.draft_edition(app, "weekly")
    begun = time.monotonic()
    looked = pipeline.proof(app, edition)
    assert looked.rendered is None
    assert [finding.severity.value for finding in looked.findings] == ["blocker"]
    with pytest.raises(DigestError):
        pipeline.approve_edition(app, edition)
    assert time.monotonic() - begun < 60
    scheduler.run_due_slots(app, Event())
    assert pipeline.find_edition(app, "latest").state in (EditionState.DRAFT, EditionState.HELD)
    assert not {f"r{n}@reader.example" for n in range(3)} & set(sink.counts)
    app.close()
    figures("F30", template=what, mails=0)


def test_f30_one_reader_whose_mail_cannot_be_made_fails_alone(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=30)
    with outlet.app.database.transaction() as tx:
        words = {"bad": "a\r\nRCPT TO:<v@x.example>", "good": address(7)}
        tx.execute(sa.text("UPDATE delivery SET email = :bad WHERE email = :good"), words)
    assert outlet.drain().finished
    (failed,) = outlet.rows(DeliveryState.FAILED)
    assert failed.reply.startswith("not sent:")
    assert set(sink.counts) == outlet.addresses - {address(7)}
    assert set(sink.counts.values()) == {1}
    figures("F30", failed=1, sent=29)


def a_feed(name: str) -> bytes:
    """Return a feed of two articles of the first week."""
    at = format_datetime(NOW - timedelta(hours=9))
    items = "".join(
        f"<item><title>{name} reports number {n} of its own</title><pubDate>{at}</pubDate>"
        f"<link>https://{name}.example/{n}</link><guid>{name}-{n}</guid>"
        f"<description>{name} saw something number {n} that nobody else saw.</description></item>"
        for n in range(2)
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode()


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


def closed_ports(count: int) -> list[int]:
    """Return ports nobody listens at."""
    with ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in socks]


def test_f31_an_edition_is_made_of_the_feeds_that_work_and_nothing_is_lost_or_repeated(
    tmp_path: Path, database_url: str, server: Server, figures: Figures
) -> None:
    clock = Clock(NOW - timedelta(hours=1))
    app = an_app(tmp_path, database_url, clock)
    fill(app, [], readers=3)

    def slow(site: Site) -> None:
        time.sleep(0.3)
        site.answer(200, a_feed("slow" + site.path[-1]))

    kinds: dict[str, Callable[[Site], None]] = {
        **{f"/good{n}": lambda site: site.answer(200, a_feed(site.path[1:])) for n in range(8)},
        **{f"/slow{n}": slow for n in range(5)},
        **{f"/bad{n}": lambda site: site.answer(200, b"<rss><channel><item>") for n in range(5)},
        "/html": lambda site: site.answer(200, b"<html><body>moved</body></html>"),
        "/empty": lambda site: site.answer(200, a_feed("empty")),
    }
    server.script.update(kinds)
    down = closed_ports(30)
    with app.database.transaction() as tx:
        for path in kinds:
            feeds.add(tx, server.url(path))
        late = [feeds.add(tx, f"http://127.0.0.1:{port}/feed") for port in down]
    pipeline.fetch_feeds(app)
    server.script["/empty"] = lambda site: site.answer(200, b"<rss><channel></channel></rss>")
    clock.move(minutes=5)
    done = pipeline.fetch_feeds(app, force=True)
    with app.database.reading() as tx:
        hosts = {article.url.split("/")[2] for article in articles.newest(tx)}
    working = {f"good{n}.example" for n in range(8)} | {f"slow{n}.example" for n in range(5)}
    assert hosts == working | {"empty.example"}  # what was stored stays
    assert sum(bool(one.error) for one in done) >= 30
    first = pipeline.draft_edition(app, "weekly")
    assert first.state is EditionState.DRAFT
    assert len(first.stories) >= 3
    queued = pipeline.queue_edition(app, pipeline.approve_edition(app, first))
    assert pipeline.drain_outbox(app, queued).finished

    back = Server()
    with app.database.transaction() as tx:
        for n, feed in enumerate(late[:3]):
            back.script[f"/late{n}"] = lambda site: site.answer(200, a_feed(site.path[1:]))
            feeds.update(tx, feed.id, url=back.url(f"/late{n}"))
    clock.move(days=6, hours=23)
    pipeline.fetch_feeds(app, force=True)
    back.close()
    second = pipeline.draft_edition(app, "weekly")
    used = {story.lead.url for story in first.stories}
    again = {story.lead.url for story in second.stories}
    assert used.isdisjoint(again)
    considered = {story.lead.title for story in second.stories}
    considered |= {left.title for left in second.left_out}
    assert {f"late{n} reports number 0 of its own" for n in range(3)} <= considered
    app.close()
    figures("F31", feeds=len(kinds) + 30, working=len(working), stories=len(first.stories))
