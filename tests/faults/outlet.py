"""An outlet with many readers and an edition ready to go, on either database, made fast."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from digest import pipeline
from digest.app import App, open_app
from digest.audience.address import Address, address_digest
from digest.audience.tokens import make_public_id
from digest.model import Delivery, DeliveryState, Edition, Numbers, SubscriptionState
from digest.store import Transaction, deliveries, outbox
from digest.store.sql import table
from digest.store.tables import DeliveryRow, SubscriberRow, SubscriptionRow
from tests.apps import CONFIG, Clock, an_app, fill
from tests.make import NOW

CloneDatabase = Callable[[Path], str]  #: from the new outlet's folder to its database's address
SOON, LATER = timedelta(minutes=1), timedelta(minutes=12)


@dataclass
class Outlet:
    """One outlet whose edition goes out."""

    folder: Path
    readers: int
    connections: int
    database: str
    clock: Clock = field(default_factory=Clock)
    settings: dict[str, str] = field(default_factory=dict)
    _start: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = self.opened()

    def opened(self, **more: str) -> App:
        """Open it once more, with other settings."""
        return open_app(self.folder / "config.toml", self.settings | more, self.clock)

    def queue(self) -> None:
        """Let the edition go out and remember how the ledger stands, for `again`."""
        pipeline.queue_edition(self.app, self.edition)
        with self.app.database.reading() as tx:
            self._start = [dict(row) for row in tx.execute(sa.select(_LEDGER)).mappings()]

    def again(self) -> None:
        """Put the ledger back to where it stood after `queue`."""
        with self.app.database.transaction() as tx:
            tx.execute(sa.text("UPDATE edition SET state = 'sending', reason = ''"))
            tx.execute(sa.delete(_LEDGER))
            tx.execute(sa.insert(_LEDGER), self._start)

    @property
    def edition(self) -> Edition:
        """Return the edition as it stands."""
        return pipeline.find_edition(self.app, "latest")

    @property
    def numbers(self) -> Numbers:
        """Return the books, which close at every instant."""
        with self.app.database.reading() as tx:
            found = outbox.numbers(tx, self.edition.id)
        assert found.add_up, found
        return found

    def rows(self, state: DeliveryState | None = None) -> list[Delivery]:
        """Return the deliveries."""
        with self.app.database.reading() as tx:
            return deliveries.of_edition(tx, self.edition.id, state)

    @property
    def doubted(self) -> set[str]:
        """Return the addresses `digest deliveries uncertain` names."""
        with self.app.database.reading() as tx:
            return {each.email for each in deliveries.doubted(tx, self.edition.id)}

    @property
    def addresses(self) -> set[str]:
        """Return everyone who was subscribed at the start."""
        return {address(n) for n in range(self.readers)}

    def drain(self, **span: float) -> pipeline.Drained:
        """Send in this process, its clock moved before."""
        self.clock.move(**span)
        return pipeline.drain_outbox(self.app, self.edition)

    def expire(self) -> None:
        """Let the time pass after which a dead sender's claims are void."""
        with self.app.database.transaction() as tx:
            # PostgreSQL needs a moment, SQLite its text.
            past = "2000-01-01 00:00:00" + ("" if tx.dialect.name == "sqlite" else "+00")
            tx.execute(sa.text(f"UPDATE delivery SET lease_until = '{past}'"))

    def expire_claims(self) -> None:
        """Void what was claimed and not handed, as if its lease were over."""
        with self.app.database.transaction() as tx:
            past = "2000-01-01 00:00:00" + ("" if tx.dialect.name == "sqlite" else "+00")
            where = "WHERE state = 'claimed'"
            tx.execute(sa.text("UPDATE edition SET reason = reason"))  # the lock a pause takes
            tx.execute(sa.text(f"UPDATE delivery SET lease_until = '{past}' {where}"))

    def close(self) -> None:
        """Let go of the database."""
        self.app.close()


def address(number: int) -> str:
    """Return the address of a reader; three domains, so that refusals are not about one."""
    return f"r{number}@{'abc'[number % 3]}.example"


def template(folder: Path, database: str) -> None:
    """Make an outlet without readers, its edition approved."""
    app = an_app(folder, database, transport="smtp")
    fill(app)
    pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    app.close()


def clone(
    original: Path,
    folder: Path,
    database: str,
    port: int,
    *,
    readers: int,
    connections: int = 4,
    queue: bool = True,
    **settings: str,
) -> Outlet:
    """Make an outlet like the template with readers, its edition going out."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(original / "digest.key", folder / "digest.key")
    values = {"transport": "smtp", "port": port, "connections": connections}
    text = CONFIG.format(database=database, on_uncertain="resend", more="", **values)
    (folder / "config.toml").write_text(text, "utf-8")
    made = Outlet(folder, readers, connections, database, settings=settings)
    with made.app.database.transaction() as tx:
        subscribe(tx, made.app, [address(n) for n in range(readers)])
    if queue:
        made.queue()
    return made


def subscribe(tx: Transaction, app: App, emails: list[str]) -> None:
    """Make people confirmed readers, many at once."""
    secret = app.keys.secrets[app.keys.current]
    people = [
        {
            "email": email,
            "email_key": email,
            "address_digest": address_digest(secret, Address(email, email)),
            "name": "",
            "created_at": NOW,
        }
        for email in emails
    ]
    if not people:
        return
    tx.execute(sa.insert(_PEOPLE), people)
    found = tx.execute(sa.select(_PEOPLE.c.id, _PEOPLE.c.email))
    known = {email: int(number) for number, email in found}
    same = {"newsletter": "weekly", "state": SubscriptionState.ACTIVE}
    times = {"created_at": NOW, "confirmed_at": NOW}
    ids = [known[email] for email in emails]
    names = [{"subscriber_id": n, "public_id": make_public_id(n.to_bytes(8, "big"))} for n in ids]
    tx.execute(sa.insert(_CONSENT), [same | times | one for one in names])


def wait_until(true: Callable[[], bool], seconds: float = 30, step: float = 0.001) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(step)


_PEOPLE, _CONSENT, _LEDGER = table(SubscriberRow), table(SubscriptionRow), table(DeliveryRow)
