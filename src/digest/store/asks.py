"""Queries about wishes typed into forms, and the mails that answered them."""

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import Ask, Subscriber
from digest.store import subscribers
from digest.store.database import Transaction
from digest.store.sql import rows, table, upsert
from digest.store.tables import ApiAnswerRow, AskRow, SubscriberRow

_ASK, _PERSON, _ANSWER = table(AskRow), table(SubscriberRow), table(ApiAnswerRow)


def add(tx: Transaction, ask: Ask) -> None:
    """Keep a wish; a second one from the same form is dropped."""
    values = {name: value for name, value in asdict(ask).items() if name != "id"}
    tx.execute(upsert(tx, AskRow).values(values).on_conflict_do_nothing())


def from_network(tx: Transaction, network: str, since: datetime) -> int:
    """Return how many came from a network."""
    mine = sa.and_(_ASK.c.network == network, _ASK.c.at > since)
    return int(tx.scalar(sa.select(sa.func.count()).where(mine)) or 0)


def mailed(tx: Transaction, since: datetime, before: datetime | None = None) -> int:
    """Return how many were answered by mail."""
    wanted = sa.select(sa.func.count()).where(_ASK.c.mailed_at > since)
    return int(tx.scalar(wanted if before is None else wanted.where(_ASK.c.mailed_at <= before)))  # type: ignore[arg-type]


def mails_to(tx: Transaction, digest: str, since: datetime) -> list[datetime]:
    """Return when an address was written to, newest first."""
    mine = sa.and_(_ASK.c.address_digest == digest, _ASK.c.mailed_at > since)
    return list(
        tx.scalars(sa.select(_ASK.c.mailed_at).where(mine).order_by(_ASK.c.mailed_at.desc()))
    )


def waiting(tx: Transaction, limit: int) -> list[Ask]:
    """Return the wishes that wait for an answer and nobody else is at, oldest first."""
    wanted = sa.select(_ASK).where(_ASK.c.done_at.is_(None)).order_by(_ASK.c.id).limit(limit)
    if tx.dialect.name == "postgresql":
        wanted = wanted.with_for_update(skip_locked=True)
    return [Ask(**row) for row in rows(tx, wanted)]


def count_waiting(tx: Transaction) -> int:
    """Return how many wait."""
    return int(tx.scalar(sa.select(sa.func.count()).where(_ASK.c.done_at.is_(None))) or 0)


def settle(tx: Transaction, ask_id: int, now: datetime, mailed_at: datetime | None) -> bool:
    """Note a wish as answered and forget the address; False when somebody else did."""
    where = sa.and_(_ASK.c.id == ask_id, _ASK.c.done_at.is_(None))
    values = {"done_at": now, "mailed_at": mailed_at, "email": ""}
    return tx.execute(sa.update(_ASK).where(where).values(values)).rowcount == 1


def reopen(tx: Transaction, ask: Ask) -> None:
    """Let a wish wait again: its mail could not be sent."""
    values = {"done_at": None, "mailed_at": None, "email": ask.email}
    tx.execute(sa.update(_ASK).where(_ASK.c.id == ask.id).values(values))


def find(tx: Transaction, ask_id: int) -> Ask:
    """Return a wish; NotFound when it is forgotten."""
    found = rows(tx, sa.select(_ASK).where(_ASK.c.id == ask_id))
    if not found:
        raise NotFound("this link is too old")
    return Ask(**found[0])


def owner(tx: Transaction, ask: Ask) -> Subscriber:
    """Return the person who asked; NotFound when they are gone."""
    key = tx.scalar(
        sa.select(_PERSON.c.email_key).where(_PERSON.c.address_digest == ask.address_digest)
    )
    return subscribers.find(tx, str(key or ""))


def use(tx: Transaction, ask: Ask) -> bool:
    """Use the link up; False when it has been."""
    where = sa.and_(_ASK.c.id == ask.id, _ASK.c.used == ask.used)
    return tx.execute(sa.update(_ASK).where(where).values(used=ask.used + 1)).rowcount == 1


def forget_address(tx: Transaction, digest: str) -> None:
    """Forget every wish of an address."""
    tx.execute(sa.delete(_ASK).where(_ASK.c.address_digest == digest))


def forget(tx: Transaction, asks_before: datetime, answers_before: datetime) -> None:
    """Forget old wishes, and old answers to programs."""
    tx.execute(sa.delete(_ASK).where(_ASK.c.at < asks_before))
    tx.execute(sa.delete(_ANSWER).where(_ANSWER.c.at < answers_before))
