"""A file of another tool is imported: looked at first, then in one transaction, or taken back."""

import csv
import zipfile
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from digest.app import App
from digest.audience import consent
from digest.audience.address import parse_address
from digest.audience.arriving import Ahead, Setup, arriving
from digest.audience.exchange.base import cell
from digest.audience.files import Table, open_table
from digest.errors import BadFile, BadRow, InvalidAddress, WrongState
from digest.membership.mail_servers import Beat, silent, without_mail
from digest.membership.restore import is_ours, restore
from digest.model import ConsentEvent, Outcome, Subscriber, SubscriptionState
from digest.store import imports as store
from digest.store import undo
from digest.store.newcomers import Import
from digest.store.staging import staged
from digest.text import stored

_ZIP_LIMIT = 4 << 30  #: bytes that come out of an archive, at most
_IN_MEMORY = 32 << 20
_BIG = 2 << 20  #: bytes of a file that a process of its own reads ahead
_PROBLEM = "problem"  #: the column that refused rows get
_BEAT = 10_000  #: rows between two words of how far it is


@dataclass(slots=True)
class Imported:
    """What a file did, or would do."""

    file: str
    formats: tuple[str, ...] = ()
    applied: bool = False
    id: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)  #: why rows are invalid
    refused: tuple[str, ...] = ()  #: the files with the refused rows
    unread: tuple[str, ...] = ()  #: the columns of a file of no tool that mean nothing to us


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is to be read."""

    newsletter: str
    consent: str = ""  #: the basis; empty: only rows with evidence become active
    mapping: Mapping[str, str] = field(default_factory=dict)  #: field -> column
    encoding: str = ""
    only: Mapping[str, str] = field(default_factory=dict)  #: column -> the value a row must have
    by: str = ""
    ask_dns: bool = False  #: refuse who would come in at a domain that takes no mail


def import_file(
    app: App, path: Path, wanted: Wanted, *, apply: bool, beat: Beat = silent
) -> Imported:
    """Import a file, or only say what it would do; BadFile when it is not whole.

    Refused rows are written beside it, to be mended and imported again. `beat` hears how far it
    is: how many of all domains were asked, how many rows were read of 0.
    """
    app.newsletter(wanted.newsletter)
    done = Imported(path.name, applied=apply)
    if is_ours(path):
        return _restored(app, path, wanted, done)
    event = ConsentEvent("", f"import of {path.name}", app.now(), wanted.consent, wanted.by)
    with ExitStack() as stack:
        tables = [
            open_table(stream, wanted.mapping, wanted.encoding) for stream in _streams(stack, path)
        ]
        done.formats = tuple(dict.fromkeys(f"{t.format.name}, {t.encoding}" for t in tables))
        done.unread = tuple(dict.fromkeys(name for t in tables for name in _unread(t, wanted)))
        refused = _Refused(path)
        stack.callback(refused.close)
        dead = without_mail(app, _domains(tables), beat) if wanted.ask_dns else frozenset()
        common = (app.keys.addresses, bool(wanted.consent), stored(event.at), dead)
        setups = [
            (t, Setup(t.format.name, t.columns, _only(t, wanted.only), *common)) for t in tables
        ]
        ahead = Ahead() if path.stat().st_size > _BIG and not dead else None
        if ahead:
            stack.callback(ahead.close)
        rows = _staged_rows(setups, ahead, done, refused, beat)
        stack.callback(rows.close)
        run = Import(wanted.newsletter, event, _admit, event.at)
        with staged(app.database, rows) as connection, connection.begin() as whole:
            done.counts += store.apply(connection, run, path.name, ", ".join(done.formats))
            done.id = run.id
            if not apply:
                whole.rollback()
        done.refused = tuple(map(str, refused.paths))
    return done


def _unread(table: Table, wanted: Wanted) -> Iterator[str]:
    known = {"", _PROBLEM, *(column.lower() for column in wanted.only)}
    named = zip(map(str.strip, table.header), table.columns, strict=True)
    return (name for name, field in named if not field and name.lower() not in known)


def _restored(app: App, path: Path, wanted: Wanted, done: Imported) -> Imported:
    refused = _Refused(path)
    about = (app.now(), path.name, "JSONL", wanted.newsletter, wanted.consent, wanted.by)
    try:
        with app.database.connected() as connection, connection.begin() as whole:
            done.id = store.begin(connection, *about)
            for outcome in restore(
                app,
                connection,
                path,
                done.id,
                lambda line, why: refused.add(("line",), [line.rstrip()], why),
            ):
                done.counts[outcome.value] += 1
            store.note(connection, done.id, done.counts)
            if not done.applied:
                whole.rollback()
    except UnicodeDecodeError as error:
        raise BadFile(f"not UTF-8: {error.reason}; nothing was imported") from error
    finally:
        refused.close()
    done.formats, done.refused = ("JSONL",), tuple(map(str, refused.paths))
    return done


def _admit(
    person: Subscriber, newsletter: str, wanted: SubscriptionState
) -> tuple[Outcome, SubscriptionState | None]:
    mine = next((s for s in person.subscriptions if s.newsletter == newsletter), None)
    states = {s.state for s in person.subscriptions}
    left = states == {SubscriptionState.ENDED} or (
        bool(states) and all(s.ended_at for s in person.subscriptions)
    )
    return consent.admit(consent.Known(mine, left, person.suppressed), wanted)


def _streams(stack: ExitStack, path: Path) -> Iterator[BinaryIO]:
    """Open a file, or each CSV file of a ZIP archive."""
    if not zipfile.is_zipfile(path):
        yield stack.enter_context(path.open("rb"))
        return
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
        members = [m for m in archive.infolist() if m.filename.lower().endswith(".csv")]
        if not members or sum(m.file_size for m in members) > _ZIP_LIMIT:
            raise BadFile(f"{path.name}: no CSV file in it, or more than {_ZIP_LIMIT >> 30} GB")
        for member in members:
            spooled = stack.enter_context(SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
            with archive.open(member) as packed:
                while chunk := packed.read(1 << 20):
                    spooled.write(chunk)
            yield cast("BinaryIO", spooled)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadFile(f"{path.name}: the archive cannot be read: {error}") from error


def _staged_rows(
    setups: Sequence[tuple[Table, Setup]],
    ahead: Ahead | None,
    done: Imported,
    refused: "_Refused",
    beat: Beat,
) -> Generator[tuple[Any, ...], None, None]:
    """Yield every usable row as it is staged; count and keep the others."""
    number = 0
    for table, setup in setups:
        for some, piece in arriving(setup, table.rows(), number + 1, token_bytes, ahead):
            yield from piece.rows
            done.counts[Outcome.KEPT_OUT.value] += piece.kept_out
            for place, why in piece.refused:
                done.counts[Outcome.INVALID.value] += 1
                done.reasons[why if len(done.reasons) < 50 else "other reasons"] += 1
                refused.add(table.header, some[place], why)
            if (number + len(some)) // _BEAT > number // _BEAT:
                beat(number + len(some), 0)
            number += len(some)


def _domains(tables: Sequence[Table]) -> set[str]:
    """Return the domains of all addresses that are some."""
    found = set()
    for table in tables:
        for cells in table.rows():
            with suppress(BadRow, InvalidAddress):
                row = table.format.read(
                    dict(zip(table.columns, map(str.strip, cells), strict=True))
                )
                if row:
                    found.add(parse_address(row.email).email.rpartition("@")[2])
    return found


def _only(table: Table, only: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
    lower = [column.strip().lower() for column in table.header]
    missing = [column for column in only if column.lower() not in lower]
    if missing:
        raise BadFile(f"--rows: there is no column {missing[0]!r}; there is {', '.join(lower)}")
    return tuple((lower.index(column.lower()), value) for column, value in only.items())


class _Refused:
    """The refused rows, under their own header, with the reason in a last column."""

    def __init__(self, source: Path) -> None:
        self.paths: list[Path] = []
        self._source = source
        self._file: Any = None
        self._header: tuple[str, ...] = ()

    def add(self, header: tuple[str, ...], cells: list[str], problem: str) -> None:
        """Keep a row; each header gets a file of its own."""
        if header != self._header:
            self.close()
            number = f"-{len(self.paths) + 1}" if self.paths else ""
            name = f"{self._source.stem}.refused{number}.csv"
            self.paths.append(self._source.with_name(name))
            self._file = self.paths[-1].open("w", encoding="utf-8", newline="")
            self._header = header
            csv.writer(self._file).writerow([*header, _PROBLEM])
        csv.writer(self._file).writerow([*map(cell, cells), problem])

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def undo_import(app: App, import_id: int) -> dict[str, int]:
    """Take an import back within 30 days; return how many were removed, ended, put back."""
    now = app.now()
    with app.database.transaction() as tx:
        found = undo.find(tx, import_id)
        if found["undone_at"]:
            raise WrongState(f"import {import_id} was undone on {found['undone_at']:%Y-%m-%d}")
        if now - found["at"] > consent.UNDO_FOR:
            raise WrongState(f"import {import_id} is older than {consent.UNDO_FOR.days} days")
        return undo.undo(tx, import_id, now)


def imports(app: App) -> list[dict[str, Any]]:
    """Return the imports, newest first."""
    with app.database.reading() as tx:
        return undo.every(tx)
