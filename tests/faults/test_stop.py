"""F32, F33, F36: a sender that is told to stop stops, and a pause loses nobody."""

import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from digest import pipeline
from digest.errors import Locked
from digest.model import DeliveryState, EditionState
from digest.store.backup import backup, restore
from tests.faults.conftest import ALL, MakeOutlet
from tests.faults.outlet import LATER, SOON, Outlet, wait_until
from tests.faults.sender import Orders, finish, start
from tests.faults.sink import Say, Sink

PAUSES = 20 if ALL else 5
Figures = Callable[..., None]


def send_by_command(outlet: Outlet) -> subprocess.Popen[str]:
    """Run `digest send` as a person or a service does."""
    command = [sys.executable, "-m", "digest", "send", "latest", "--yes"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=outlet.folder, text=True, stdout=quiet, stderr=quiet)


def stopped_after(outlet: Outlet, sink: Sink, delay: float) -> tuple[int, float]:
    """Send SIGTERM while messages wait for their verdict; return exit code and seconds."""
    sink.rule = lambda heard: Say(delay=delay) if heard.command == "DOT" else None
    sender = send_by_command(outlet)
    wait_until(lambda: sink.commands["DOT"] >= outlet.connections)
    begun = time.monotonic()
    sender.terminate()
    code = sender.wait(60)
    return code, time.monotonic() - begun


def test_f32_sigterm_lets_open_messages_finish(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=300)
    code, seconds = stopped_after(outlet, sink, 0.05)
    numbers = outlet.numbers
    assert code == 3  # stopped before the end, as the commands promise
    assert seconds <= 5
    assert numbers.uncertain == 0
    assert {row.state.value for row in outlet.rows()} == {"queued", "sent"}
    assert numbers.sent == len(sink.counts)
    sink.rule = None
    finish(Orders(outlet.folder))
    assert set(sink.counts) == outlet.addresses
    assert set(sink.counts.values()) == {1}
    figures("F32", relay="50 ms", seconds=round(seconds, 2), uncertain=0, copies=0)


@pytest.mark.thorough
def test_f32_sigterm_waits_for_a_slow_relay_no_longer_than_the_grace(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=80)
    code, seconds = stopped_after(outlet, sink, 45)
    assert code == 3
    assert 25 < seconds <= 32
    assert sum(sink.counts.values()) <= 4
    sink.rule = None
    outlet.expire()
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert outlet.edition.state is EditionState.SENT
    assert len(outlet.doubted) <= 4
    assert {email for email, n in sink.counts.items() if n > 1} <= outlet.doubted
    assert set(sink.counts) == outlet.addresses
    figures("F32", relay="45 s", seconds=round(seconds, 1), uncertain=len(outlet.doubted))


def end_of_service(outlet: Outlet) -> subprocess.Popen[str]:
    """Run `digest run`, as a container does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = outlet.folder / "config.toml"
    config.write_text(config.read_text().replace("[web]", f"[web]\nport = {port}"))
    # its clock is the machine's, and the slot is long past by that
    command = [sys.executable, "-m", "digest", "run"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=outlet.folder, text=True, stdout=quiet, stderr=quiet)


@pytest.mark.parametrize(
    ("how", "end"),
    [
        ("digest send", "SIGTERM"),
        pytest.param("digest run", "SIGKILL", marks=pytest.mark.thorough),
        pytest.param("digest send", "SIGKILL", marks=pytest.mark.thorough),
        pytest.param("digest run", "SIGTERM", marks=pytest.mark.thorough),
    ],
)
def test_f33_a_second_sigterm_or_a_sigkill_is_no_worse_than_a_crash(
    make_outlet: MakeOutlet, sink: Sink, how: str, end: str, figures: Figures
) -> None:
    outlet = make_outlet(readers=80)
    sink.rule = lambda heard: Say(delay=0.3) if heard.command == "DOT" else None
    sender = (send_by_command if how == "digest send" else end_of_service)(outlet)
    wait_until(lambda: sink.commands["DOT"] >= 6)
    begun = time.monotonic()
    sender.terminate()
    time.sleep(0.05)
    sender.terminate()
    time.sleep(0.02)
    if end == "SIGKILL":  # as a container's keeper does ten seconds later
        sender.kill()
    code = sender.wait(35)
    seconds = time.monotonic() - begun
    sink.rule = None
    numbers = outlet.numbers  # they close right after it
    assert sink.commands["DOT"] < 80
    outlet.expire()
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    sink.counts.pop("editor@news.example", None)  # told of what the machine's clock made of it
    copied = {email for email, n in sink.counts.items() if n > 1}
    assert outlet.edition.state is EditionState.SENT
    assert set(sink.counts) == outlet.addresses
    assert max(sink.counts.values()) <= 2
    assert copied <= outlet.doubted
    assert len(outlet.doubted) <= 4
    if end == "SIGTERM":  # the second asks for no more than the first: open messages finish
        assert code in (0, 3)
        assert seconds <= 5
        assert (numbers.uncertain, copied) == (0, set())
    figures("F33", how=how, end=end, seconds=round(seconds, 2), copies=len(copied))


def test_f35_a_backup_put_in_place_in_mid_send_stops_the_sender(
    beside_sqlite: MakeOutlet, sink: Sink, tmp_path: Path, figures: Figures
) -> None:
    outlet = beside_sqlite(readers=300)
    sink.rule = lambda heard: Say(delay=0.02) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 60)
    backup(outlet.app.database, tmp_path / "copy.db")
    wait_until(lambda: sink.commands["DOT"] >= 120)
    restore(outlet.app.database, tmp_path / "copy.db", "restored by a test")
    begun = sink.commands["DOT"]
    sender.join(20)
    assert sender.exitcode == 0
    assert set(sink.counts.values()) == {1}
    assert sink.commands["DOT"] - begun <= 2 * outlet.connections  # under way, or ready to go
    with pytest.raises(Locked):
        outlet.app.require_unlocked()
    figures("F35", copies=0)


def begins_to_send(sender: BaseProcess, sink: Sink) -> None:
    """Wait until a sender has something under way."""
    begun = sink.commands["DOT"]
    wait_until(lambda: sink.commands["DOT"] > begun or not sender.is_alive())


@pytest.mark.seeds(1, 3, 10)
def test_f36_pauses_with_settings_changed_in_between(
    make_outlet: MakeOutlet, sink: Sink, seed: int, figures: Figures
) -> None:
    outlet, chance = make_outlet(readers=500 if ALL else 120), random.Random(seed)
    sink.rule = lambda heard: Say(delay=0.01) if heard.command == "DOT" else None
    config = outlet.folder / "config.toml"
    original = config.read_text()
    for _ in range(PAUSES):
        changed = original.replace("connections = 4", f"connections = {chance.randrange(1, 5)}")
        config.write_text(changed.replace('name = "Atlas Weekly"', 'name = "Atlas Daily"'))
        sender = start(Orders(outlet.folder))
        begins_to_send(sender, sink)
        time.sleep(chance.random() * 0.02)
        paused = pipeline.pause_edition(outlet.app, outlet.edition, "paused by a test")
        sender.join(10)
        assert sender.exitcode == 0
        _ = outlet.numbers
        pipeline.resume_edition(outlet.app, paused)
    sink.rule = None
    finish(Orders(outlet.folder))
    assert outlet.edition.state is EditionState.SENT
    assert set(sink.counts) == outlet.addresses
    assert set(sink.counts.values()) == {1}
    assert not any(b"Atlas Daily" in one.content for one in sink.taken)  # what was approved
    figures("F36", pauses=PAUSES, lost=0, copies=0)


@pytest.mark.parametrize("stop", ["cancel", "pause"])
def test_what_a_dead_sender_had_handed_is_in_doubt_also_when_nobody_goes_on(
    make_outlet: MakeOutlet, sink: Sink, stop: str
) -> None:
    outlet = make_outlet(readers=60)
    sink.rule = lambda heard: Say(delay=0.02) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 20)
    sender.kill()
    sender.join(10)
    if stop == "cancel":
        pipeline.cancel_edition(outlet.app, outlet.edition, "called back by a test")
    else:
        pipeline.pause_edition(outlet.app, outlet.edition, "paused by a test")
    assert pipeline.name_doubts(outlet.app) == 0  # for all we know it lives
    handed = {row.email for row in outlet.rows() if row.state is DeliveryState.HANDED}
    outlet.expire()
    assert pipeline.name_doubts(outlet.app) == len(handed) > 0
    assert {row.email for row in outlet.rows() if row.doubts} == handed == outlet.doubted
    assert outlet.numbers.uncertain == len(handed)
    assert not list(outlet.folder.glob("*-flight-*"))
