"""F40, F41: memory stays flat whatever the number of readers; few file descriptors are enough."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from digest.deliver.head import Head
from digest.deliver.message import compile_message
from digest.model import EditionState
from digest.store import editions
from tests.faults.conftest import ALL, FULL, MakeOutlet
from tests.faults.outlet import LATER, SOON, Outlet
from tests.faults.sender import Orders, finish, start
from tests.faults.sink import Sink

Figures = Callable[..., None]


def make_large(outlet: Outlet) -> None:
    """Approve so much text that a mail has 300 kB."""
    with outlet.app.database.transaction() as tx:
        rendered, head = editions.frozen_content(tx, outlet.edition.id)
        more = f"<p>{'Seventy signs of text for a line as long as lines are. ' * 5000}</p></body>"
        html = rendered.html.replace("</body>", more)
        compiled = compile_message(replace(rendered, html=html), Head(**head))
        tx.execute(sa.text("UPDATE variant SET html = :html"), {"html": html})
        tx.execute(sa.text("UPDATE edition SET sha256 = :sha"), {"sha": compiled.sha256})


def resident(pid: int) -> int:
    """Return a process's own memory in kB, 0 when it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Rss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def test_f40_memory_does_not_grow_with_the_number_of_readers(
    on_sqlite: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    readers = 50_000 if FULL else 5_000 if ALL else 400
    outlet = on_sqlite(readers=readers, queue=False)
    make_large(outlet)
    outlet.queue()
    sink.keep = False
    sizes: list[tuple[int, int]] = []
    sender = start(Orders(outlet.folder))
    while sender.is_alive():
        sizes.append((sum(sink.counts.values()), resident(sender.pid or 0)))
        time.sleep(0.05)
    sender.join()
    assert sender.exitcode == 0
    assert outlet.numbers.sent == readers
    assert set(sink.counts.values()) == {1}
    early = max(size for sent, size in sizes if sent < readers * 0.3)
    late = max(size for _, size in sizes)
    assert late < 300_000
    assert late - early < 10_000
    figures("F40", readers=readers, most_mb=late // 1024, growth_mb=(late - early) // 1024)


def test_f41_few_file_descriptors_mean_fewer_connections_and_no_loss(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=300, connections=50)
    for n in range(5):  # as `digest run` does, tick by tick
        orders = Orders(outlet.folder, at=(SOON * n,), files=64, stubborn=True)
        sender = start(orders)
        sender.join(60)
        if outlet.edition.state is EditionState.SENT:
            break
    finish(Orders(outlet.folder, at=(LATER,)))
    assert set(sink.counts) == outlet.addresses
    assert set(sink.counts.values()) == {1}
    assert outlet.doubted == set()
    assert 1 <= sink.most_open <= 50
    figures("F41", files=64, wanted=50, most_open=sink.most_open, runs=n + 1, copies=0)
