"""Write docs/faults.md from what the tests noted: `python -m tests.faults.report FILE [NOTE]`."""

import json
import platform
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_ABOUT = {
    "F1": "kill -9 at a random moment, 80 readers, then a restart",
    "F2": "kill -9 before, in and after writes to the database and the relay, 50 readers",
    "F3": "five kills in one send",
    "F4": "the link drops after the dot for one reader in ten",
    "F5": "the verdict comes after 9 min 50 s",
    "F6": "the verdict comes after 11 min",
    "F7": "421, 450, 451, 550 5.1.1, 550 5.7.1, 552 at every command; a mailbox busy for a day",
    "F8": "greylisting for five minutes",
    "F9": "20 messages a connection; two connections at most",
    "F10": "EHLO never answered; one byte a second; a stalled link",
    "F11": "the relay is away for an hour",
    "F12": "the password changes in mid-send",
    "F13": "STARTTLS stripped; wrong certificate",
    "F14": "SQLite's write lock held for 30 s",
    "F15": "database full during the fill and in mid-send",
    "F16": "database read-only in mid-send",
    "F17": "PostgreSQL stopped `immediate` and started, one worker",
    "F21": "two and three schedulers at the same second",
    "F23": "the clock jumps an hour, a day, and to 1970 in mid-send",
    "F25": "kill -9 at every write of the fill, and in its middle",
    "F26": "an fsync before every dot, seen by strace",
    "F27": "every tenth reader leaves in mid-send, or is suppressed",
    "F28": "readers deleted, moved to new addresses, and 500 added in mid-send",
    "F29": "every tenth reader erased in mid-send",
    "F30": "bad templates; one mail that cannot be made",
    "F31": "30 of 50 feeds down, 5 slow, 5 malformed, 1 HTML, 1 emptied",
    "F32": "SIGTERM with a relay that takes 50 ms, and 45 s",
    "F33": "a second SIGTERM, SIGKILL, to `digest send` and `digest run`",
    "F36": "pauses with settings changed in between",
    "F40": "mails of 300 kB",
    "F41": "64 file descriptors, 50 connections wanted",
    "F42": "everything mixed, by seed",
    "T24": "names and subjects with line ends",
    "T25": "text that would end a message; List-Unsubscribe whole and signed",
    "T26": "all that some server takes for the end of a message",
    "T27": "injected addresses",
    "T28": "50 readers at IDN domains",
    "T29": "an expired password, a login now wanted, a sender or a relay that is not ours",
}
_SUMMED = {
    "runs",
    "kills",
    "points",
    "crashes",
    "copies",
    "named",
    "restarts",
    "uncertain",
    "spilled",
}
_HEAD = """# What the fault tests saw

Written by `make faults`; do not edit. What is promised stands in
[operations](operations.md#what-is-promised). Real sender processes, forked from a warm parent, talk
to a real counting server over real sockets and keep their ledger in real databases; a kill is
SIGKILL. The failpoints lie in the database drivers and in `socket.send`, below everything of ours.
`pytest tests/faults --seed N` replays a seed.

"""


def main() -> None:
    """Print the report."""
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    ended = [line for line in lines if "outcome" in line]
    found = [line for line in lines if "found" in line]
    note = "".join(f"{words}\n\n" for words in sys.argv[2:])
    sys.stdout.write(
        _HEAD + _summary(ended) + note + _table(ended, found) + _kills(found) + _failed(ended)
    )


def _summary(ended: list[dict[str, Any]]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for line in ended:
        counts[line["outcome"]] += 1
    words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    minutes = sum(line["seconds"] for line in ended) / 60
    python = platform.python_version()
    return f"{len(ended)} tests: {words}; {minutes:.0f} minutes of tests, Python {python}.\n\n"


def _table(ended: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    rows = ["| # | fault | tests | figures |", "| --- | --- | --- | --- |"]
    for number, about in _ABOUT.items():
        mine = [line for line in ended if _number(line["test"]) == number]
        if not mine:
            continue
        good = sum(line["outcome"] == "passed" for line in mine)
        figures = _figures(line["found"] for line in found if line["number"] == number)
        rows.append(f"| {number} | {about} | {good} of {len(mine)} hold | {figures} |")
    return "\n".join(rows) + "\n"


def _number(test: str) -> str:
    found = re.match(r"test_([ft]\d+)_", test)
    return found[1].upper() if found else ""


def _figures(found: Iterable[dict[str, Any]]) -> str:
    """Return figures over all runs: sums of what is counted, the span of what is measured."""
    values: dict[str, list[Any]] = defaultdict(list)
    for one in found:
        for name, value in one.items():
            values[name].append(value)
    return ", ".join(f"{name.replace('_', ' ')} {_shown(name, v)}" for name, v in values.items())


def _shown(name: str, values: list[Any]) -> str:
    if name in _SUMMED:
        return str(sum(values))
    if all(isinstance(value, int | float) for value in values):
        least, most = min(values), max(values)
        return f"{least:g}" if least == most else f"{least:g} to {most:g}"
    return "; ".join(dict.fromkeys(str(value) for value in values))


def _kills(found: list[dict[str, Any]]) -> str:
    rows = ["", "## Kills, by database and policy", ""]
    rows += ["| # | database | policy | kills | lost | copies | most per crash | named in doubt |"]
    rows += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in found:
        if line["number"] in ("F1", "F2", "F3"):
            given = line["params"]
            where = given.get("make_outlet") or line["test"].rpartition("_on_")[2]
            groups[line["number"], where, given["policy"]].append(line["found"])
    for (number, where, policy), each in sorted(groups.items()):
        kills = sum(one.get("points", one.get("kills", 0)) for one in each)
        copies = sum(one["copies"] for one in each)
        worst = max(one["most_copies_per_crash"] for one in each)
        named = sum(one.get("named", 0) for one in each) or "–"
        cells = (number, where, policy, kills, 0, copies, f"{worst:g}", named)
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows) + "\n"


def _failed(ended: list[dict[str, Any]]) -> str:
    bad = [line for line in ended if line["outcome"] != "passed"]
    if not bad:
        return ""
    rows = [f"- `{line['test']}`: {line['outcome']}" for line in bad]
    return "\n## What does not hold\n\n" + "\n".join(dict.fromkeys(rows)) + "\n"


if __name__ == "__main__":
    main()
