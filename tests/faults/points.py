"""Failpoints: every write of a process, to its database and to the network, can be its last.

They sit under all of ours: in the drivers' cursors and commits, `socket.send`, `os.pwrite`, so
they do not know how a sender is built. `DIGEST_TEST_POINT` arms one in a whole process:
`17:kill` before or after its 9th write (1 is before the first, 2 in or after it …).
"""

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_READS = ("SELECT", "PRAGMA", "BEGIN", "SHOW", "SET", "ROLLBACK", ";")


class Points:
    """Counts the points this process passes; something happens at one of them."""

    def __init__(self, at: int, act: Callable[[], None], record: Path | None = None) -> None:
        self.seen = 0
        self.armed = False
        self._at, self._act, self._record = at, act, record

    def pass_by(self, name: str) -> bool:
        """Count one more point, once armed; act when it is the one. Say whether it was."""
        if not self.armed:
            return False
        self.seen += 1
        if self._record:
            with self._record.open("a") as file:
                file.write(name + "\n")
        if self.seen == self._at:
            self._act()
            return True
        return False

    @property
    def next_is_it(self) -> bool:
        """Say whether it happens at the next point."""
        return self.armed and self.seen + 1 == self._at


def kill_me() -> None:
    """Die as by a power cut: nothing is flushed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def install(points: Points, on_begin: Callable[[Any], None] = lambda _execute: None) -> None:
    """Put the points around every write of this process; `on_begin` is for SQLite's BEGIN."""
    _watch_sockets(points)
    _watch_sqlite(points, on_begin)
    _watch_psycopg(points)
    _watch_files(points)


def _is_write(statement: object) -> bool:
    return not str(statement).lstrip().upper().startswith(_READS)


def _around(points: Points, name: str, work: Callable[[], Any]) -> Any:
    points.pass_by(f"before {name}")
    done = work()
    points.pass_by(f"after {name}")
    return done


def _watch_sockets(points: Points) -> None:
    for method in ("send", "sendall"):
        _watch_send(points, method, getattr(socket.socket, method))
    _watch_sendmsg(points)


def _watch_send(points: Points, method: str, usual: Callable[..., Any]) -> None:
    def send(self: socket.socket, data: Any, *rest: Any) -> Any:
        if self.family not in (socket.AF_INET, socket.AF_INET6):
            return usual(self, data, *rest)
        points.pass_by("before send")
        if points.next_is_it:
            usual(self, bytes(data)[: len(data) // 2], *rest)
        points.pass_by("in send")
        sent = usual(self, data, *rest)
        points.pass_by("after send")
        return sent

    setattr(socket.socket, method, send)


def _watch_sendmsg(points: Points) -> None:
    usual = socket.socket.sendmsg

    def sendmsg(self: socket.socket, buffers: Any, *rest: Any) -> int:
        points.pass_by("before send")
        if points.next_is_it:
            whole = b"".join(map(bytes, buffers))
            usual(self, [whole[: len(whole) // 2]])
        points.pass_by("in send")
        sent = usual(self, buffers, *rest)
        points.pass_by("after send")
        return sent

    setattr(socket.socket, "sendmsg", sendmsg)  # noqa: B010


def _watch_sqlite(  # noqa: C901
    points: Points, on_begin: Callable[[Any], None]
) -> None:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *rest: Any) -> Any:
            run = super().execute
            if sql.startswith("BEGIN"):
                on_begin(run)
            if not _is_write(sql):
                return run(sql, *rest)
            return _around(points, sql.split(maxsplit=1)[0], lambda: run(sql, *rest))

        def executemany(self, sql: str, *rest: Any) -> Any:
            run = super().executemany
            return _around(points, sql.split(maxsplit=1)[0], lambda: run(sql, *rest))

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, *rest: Any) -> Any:
            return self.cursor().execute(sql, *rest)

        def commit(self) -> None:
            if self.in_transaction:
                _around(points, "COMMIT", super().commit)

    connect = sqlite3.connect

    def watched(*given: Any, **named: Any) -> Any:
        return connect(*given, **({"factory": Connection} | named))

    for module in (sqlite3, sqlite3.dbapi2):
        setattr(module, "connect", watched)  # noqa: B010


def _watch_files(points: Points) -> None:
    pwrite, sync = os.pwrite, os.fdatasync

    def write(file: int, data: bytes, at: int) -> int:
        points.pass_by("before pwrite")
        if points.next_is_it:
            pwrite(file, data[: len(data) // 2], at)
        points.pass_by("in pwrite")
        done = pwrite(file, data, at)
        points.pass_by("after pwrite")
        return done

    def synced(file: int) -> None:
        _around(points, "fdatasync", lambda: sync(file))

    setattr(os, "pwrite", write)  # noqa: B010
    setattr(os, "fdatasync", synced)  # noqa: B010


def _watch_psycopg(points: Points) -> None:
    import psycopg

    execute, executemany = psycopg.Cursor.execute, psycopg.Cursor.executemany
    commit = psycopg.Connection.commit

    def watched(usual: Any) -> Any:
        def run(self: Any, query: Any, *rest: Any, **named: Any) -> Any:
            if not _is_write(query):
                return usual(self, query, *rest, **named)
            name = str(query).split()[0]
            return _around(points, name, lambda: usual(self, query, *rest, **named))

        return run

    def commit_it(self: Any) -> None:
        _around(points, "COMMIT", lambda: commit(self))

    setattr(psycopg.Cursor, "execute", watched(execute))  # noqa: B010
    setattr(psycopg.Cursor, "executemany", watched(executemany))  # noqa: B010
    setattr(psycopg.Connection, "commit", commit_it)  # noqa: B010
