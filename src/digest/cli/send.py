"""`digest test-send` and `digest send`."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from digest.cli.common import counted, finding_lines, local, opened, say_errors

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Edition, Numbers
    from digest.pipeline import Drained


_GRACE_SECONDS = 30.0
_LINE_SECONDS = 10.0  #: between two lines where there is no terminal


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("test-send")(test_send)
    app.command("send")(send)


def test_send(
    context: typer.Context,
    name: str = typer.Argument(..., metavar="EDITION"),
    to: list[str] = typer.Option(..., "--to", help="An address; may be given several times."),
) -> None:
    """Send an edition to a few addresses, outside the ledger."""
    from digest import pipeline
    from digest.audience.address import parse_address

    addresses = [parse_address(address).email for address in to]
    with opened(context) as app:
        looked = pipeline.proof(app, pipeline.find_edition(app, name))
        pipeline.test_send(app, looked, addresses)
    print(f"sent {looked.edition.key} as a test to {', '.join(addresses)}")
    say_errors(finding_lines(looked.findings))


def send(
    context: typer.Context,
    name: str = typer.Argument(..., metavar="EDITION"),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would go out to how many."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    only: str = typer.Option("", "--only", help="An expression: only these readers."),
    leave_out: str = typer.Option("", "--except", help="An expression: not these readers."),
    allow_growth: bool = typer.Option(
        False, "--allow-growth", help="Nor when it has many more readers than the last one."
    ),
) -> None:
    """Approve if needed, queue and send now, with progress.

    Exit 0 when everyone got it, 1 when some failed or are uncertain, 3 when stopped before
    the end; run it again to go on.
    """
    from digest import pipeline

    with opened(context) as app:
        edition = pipeline.find_edition(app, name)
        audience = pipeline.aimed(app, edition, only, leave_out)
        readers = pipeline.readers(app, edition, audience)
        _refuse_hopeless(app, edition)
        print(f"{edition.key}: {edition.subject}")
        say_early(app, edition)
        if dry_run:
            print(f"would go to {counted(readers, 'subscriber')} now; it is {edition.state.value}")
            return
        agreed = allow_growth or _expected(app, edition, audience)
        if not agreed or (not yes and not _agreed(edition, readers)):
            print("nothing was sent")
            raise typer.Exit(3)
        drained = _drain(app, _going(app, edition, audience))
        again, doubts = _again(app, drained), _doubts(app, drained)
    _say(drained, again, doubts)


def _refuse_hopeless(app: "App", edition: "Edition") -> None:
    """Refuse before asking what could only be refused afterwards."""
    from digest.errors import WrongState
    from digest.model import EditionState
    from digest.store import outbox

    if edition.state is EditionState.SENT:
        with app.database.reading() as tx:
            numbers = outbox.numbers(tx, edition.id)
        raise WrongState(f"{edition.key} was sent already, to {numbers.sent} of {numbers.frozen}")
    if not edition.stories:
        raise WrongState(f"{edition.key} has no stories; it cannot be sent")


def say_early(app: "App", edition: "Edition") -> None:
    """Say what sending ahead of the slot means, before it is too late."""
    from digest.model import EditionState
    from digest.store.editions import OPEN_STATES

    ahead = edition.slot_at > app.now()
    if ahead and edition.state in (*OPEN_STATES, EditionState.APPROVED):
        slot = local(edition.slot_at, app.settings.slot_zone(edition.newsletter))
        say_errors(
            [f"its slot is {slot}: sent now it bears that date, and the slot sends no other"]
        )


def _again(app: "App", drained: "Drained") -> str:
    """Return when something is due again, if it is not yet, as in " at 2026-11-23 07:30 CET"."""
    from digest.store import deliveries

    with app.database.reading() as tx:
        due = deliveries.next_due(tx, drained.edition.id)
    return f" at {local(due, app.settings.zone)}" if due and due > app.now() else ""


def _doubts(app: "App", drained: "Drained") -> list[str]:
    """Return what becomes of the deliveries whose answer was lost, if there are any."""
    from digest.model import EditionState
    from digest.store import outbox

    edition, many = drained.edition, drained.numbers.uncertain
    if not many:
        return []
    resends = app.settings.mail.on_uncertain == "resend" and edition.state is EditionState.SENDING
    with app.database.reading() as tx:
        going = outbox.resendable(tx, edition.id) if resends else 0
    lines = [f"{counted(many, 'delivery')} in doubt: `digest deliveries uncertain {edition.key}`"]
    lines[0] += " lists them" if going else " lists them, --resend or --drop decides"
    if going:
        lines += [f"{going:,} to go again, once, after ten minutes: run it again, or `digest run`"]
    return lines


def _expected(app: "App", edition: "Edition", audience: str) -> bool:
    """Ask, whatever `--yes` says, when far more people would get it than the last one."""
    from digest import pipeline
    from digest.model import EditionState
    from digest.store.editions import OPEN_STATES

    grown = ""
    if edition.state in (*OPEN_STATES, EditionState.APPROVED):
        grown = pipeline.growth(app, edition, audience)
    if not grown:
        return True
    if not sys.stdin.isatty():
        say_errors([f"{grown}; there is no terminal to ask on: give --allow-growth"])
        return False
    return typer.confirm(f"{edition.key}: {grown}. Is that right?")


def _agreed(edition: "Edition", readers: int) -> bool:
    if not sys.stdin.isatty():
        say_errors(["there is no terminal to ask on; give --yes"])
        return False
    return typer.confirm(f"Send {edition.key} to {counted(readers, 'subscriber')}?")


def _going(app: "App", edition: "Edition", audience: str) -> "Edition":
    """Bring an edition to sending, from wherever it stands."""
    from digest import pipeline
    from digest.model import EditionState
    from digest.store.editions import OPEN_STATES

    if edition.state in OPEN_STATES:
        edition = pipeline.approve_edition(app, edition, audience)
        say_errors(f"approved, sha256 {sha}" for sha in [edition.sha256])
    if edition.state is EditionState.PAUSED:
        edition = pipeline.resume_edition(app, edition)
    if edition.state is EditionState.APPROVED:
        edition = pipeline.queue_edition(app, edition)
    return edition


def _drain(app: "App", edition: "Edition") -> "Drained":
    """Send with progress; SIGTERM and Ctrl-C stop after the messages on open connections."""
    from digest import pipeline
    from digest.model import Numbers
    from digest.store import deliveries

    stop = threading.Event()
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: _end(stop)) for number in wanted]
    with _bar() as show:

        def progress(numbers: Numbers) -> None:
            with app.database.reading() as tx:
                show(numbers, dict(deliveries.troubles(tx, edition.id)))

        try:
            return pipeline.drain_outbox(app, edition, progress, stop)
        finally:
            for number, handler in zip(wanted, before, strict=True):
                signal.signal(number, handler)


def _end(stop: threading.Event) -> None:
    """Stop; whoever is not done within the grace is left, its row is named uncertain later."""
    stop.set()
    last = threading.Timer(_GRACE_SECONDS, os._exit, (3,))
    last.daemon = True
    last.start()


@contextmanager
def _bar() -> "Iterator[Callable[[Numbers, dict[str, int]], None]]":
    """Show a bar with rate, remaining time and refusals on a terminal, else a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    rate, refused = TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[refused]}")
    columns = (BarColumn(), MofNCompleteColumn(), rate, Remaining(), refused)
    begun = told = time.monotonic()
    first: int | None = None
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("sending", rate="", refused="")

        def show(numbers: "Numbers", troubles: dict[str, int]) -> None:
            nonlocal first, told
            done, now = numbers.frozen - numbers.open, time.monotonic()
            first = done if first is None else first
            words = [f"{(done - first) / max(now - begun, 1):.0f}/s", refusals(troubles)]
            bar.update(task, total=numbers.frozen, completed=done, rate=words[0], refused=words[1])
            if bar.disable and now - told >= _LINE_SECONDS:
                told = now
                say_errors([f"{done:,} of {numbers.frozen:,}, {', '.join(filter(None, words))}"])

        yield show


def refusals(troubles: "Mapping[str, int]") -> str:
    """Return what was refused by class, as in "550 5.1.1: 3, 451: 1"."""
    from digest.deliver.pacing import reply_class

    classes: Counter[str] = Counter()
    for reply, count in troubles.items():
        classes[reply_class(reply)] += count
    return ", ".join(f"{name}: {count}" for name, count in classes.most_common(5))


def _say(drained: "Drained", again: str, doubts: list[str]) -> None:
    numbers = drained.numbers
    print(", ".join(f"{name} {value}" for name, value in asdict(numbers).items()))
    if drained.problem:
        say_errors([f"stopped: {drained.problem}"])
    say_errors(doubts)
    if drained.edition.state.value == "paused":
        say_errors([f"paused; then `digest editions resume {drained.edition.key}`"])
        raise typer.Exit(3)
    if numbers.open:
        to_go = counted(numbers.open, "delivery")
        say_errors([f"{to_go} to go: run it again{again}, or `digest run`"])
        raise typer.Exit(3)
    if numbers.failed or numbers.uncertain or numbers.expired:
        raise typer.Exit(1)
