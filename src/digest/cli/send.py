"""`digest test-send` and `digest send`."""

import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from digest.cli.common import counted, finding_lines, opened, say_errors

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Edition
    from digest.pipeline import Drained


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
) -> None:
    """Approve if needed, queue and send now, with progress.

    Exit 0 when everyone got it, 1 when some failed or are uncertain, 3 when stopped before
    the end; run it again to go on.
    """
    from digest import pipeline
    from digest.store import subscribers

    with opened(context) as app:
        edition = pipeline.find_edition(app, name)
        with app.database.reading() as tx:
            readers = subscribers.active_count(tx, edition.newsletter)
        _refuse_hopeless(app, edition)
        print(f"{edition.key}: {edition.subject}")
        if dry_run:
            print(f"would go to {counted(readers, 'subscriber')} now; it is {edition.state.value}")
            return
        if not yes and not _agreed(edition, readers):
            print("nothing was sent")
            raise typer.Exit(3)
        drained = _drain(app, _going(app, edition))
    _say(drained)


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


def _agreed(edition: "Edition", readers: int) -> bool:
    if not sys.stdin.isatty():
        say_errors(["there is no terminal to ask on; give --yes"])
        return False
    return typer.confirm(f"Send {edition.key} to {counted(readers, 'subscriber')}?")


def _going(app: "App", edition: "Edition") -> "Edition":
    """Bring an edition to sending, from wherever it stands."""
    from digest import pipeline
    from digest.model import EditionState
    from digest.store.editions import OPEN_STATES

    if edition.state in OPEN_STATES:
        edition = pipeline.approve_edition(app, edition)
        say_errors(f"approved, sha256 {sha}" for sha in [edition.sha256])
    if edition.state is EditionState.PAUSED:
        edition = pipeline.move_edition(app, edition, EditionState.SENDING)
    if edition.state is EditionState.APPROVED:
        edition = pipeline.queue_edition(app, edition)
    return edition


def _drain(app: "App", edition: "Edition") -> "Drained":
    """Send with a progress bar on a terminal; SIGTERM and Ctrl-C stop after open messages."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from digest import pipeline
    from digest.model import Numbers

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("sending")

        def show(numbers: Numbers) -> None:
            bar.update(task, total=numbers.frozen, completed=numbers.frozen - numbers.open)

        return pipeline.drain_outbox(app, edition, show, stop)


def _say(drained: "Drained") -> None:
    numbers = drained.numbers
    print(", ".join(f"{name} {value}" for name, value in asdict(numbers).items()))
    if drained.problem:
        say_errors([f"stopped: {drained.problem}"])
    if numbers.open:
        say_errors([f"{counted(numbers.open, 'delivery')} to go: run it again, or `digest run`"])
        raise typer.Exit(3)
    if numbers.failed or numbers.uncertain or numbers.expired:
        raise typer.Exit(1)
