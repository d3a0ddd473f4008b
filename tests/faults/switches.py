"""Switches for a process's SQLite: a file named `full` or `readonly` in a folder turns one on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

_HUGE = 4294967294


def look(folder: Path) -> Callable[[Any], None]:
    """Return what to do when a transaction begins, given how to execute a statement."""

    def turn(execute: Any) -> None:
        (pages,) = execute("PRAGMA page_count").fetchone()
        most = pages if (folder / "full").exists() else _HUGE
        execute(f"PRAGMA max_page_count={most}").fetchone()
        execute(f"PRAGMA query_only={'ON' if (folder / 'readonly').exists() else 'OFF'}")

    return turn
