"""Queries about programs' keys, and about answers already given to them."""

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa

from digest.errors import NotFound, WrongState
from digest.model import ApiKey
from digest.store.database import Transaction
from digest.store.sql import rows, table, upsert
from digest.store.tables import ApiAnswerRow, ApiKeyRow
from digest.text import pack, unpack

_KEY, _ANSWER = table(ApiKeyRow), table(ApiAnswerRow)
_STALE = timedelta(minutes=5)  #: whoever was at work on an answer is gone


def hashed(secret: str) -> str:
    """Return what is stored of a key; it is random and long, so one round is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_key(
    tx: Transaction, name: str, secret: str, scopes: tuple[str, ...], now: datetime
) -> None:
    """Store a key; WrongState when the name is taken."""
    values = {"name": name, "key_hash": hashed(secret), "scopes": pack(scopes), "created_at": now}
    new = upsert(tx, ApiKeyRow).values(values).on_conflict_do_nothing().returning(_KEY.c.id)
    if tx.scalar(new) is None:
        raise WrongState(f"there is a key {name!r} already")


def every_key(tx: Transaction) -> list[ApiKey]:
    """Return the keys in the order they came."""
    return [_key(row) for row in rows(tx, sa.select(_KEY).order_by(_KEY.c.id))]


def revoke_key(tx: Transaction, name: str, now: datetime) -> None:
    """Let a key open nothing more; NotFound when there is none in force."""
    mine = sa.and_(_KEY.c.name == name, _KEY.c.revoked_at.is_(None))
    if tx.execute(sa.update(_KEY).where(mine).values(revoked_at=now)).rowcount != 1:
        raise NotFound(f"there is no key {name!r} in force; `digest keys list` shows them")


def key_of(tx: Transaction, secret: str) -> ApiKey | None:
    """Return the key in force that has this secret."""
    mine = sa.and_(_KEY.c.key_hash == hashed(secret), _KEY.c.revoked_at.is_(None))
    found = rows(tx, sa.select(_KEY).where(mine))
    return _key(found[0]) if found else None


def begin_answer(
    tx: Transaction, key_id: int, name: str, request_hash: str, now: datetime
) -> tuple[int, str] | None:
    """Note that a named request is being answered; return the answer it got before, if any.

    WrongState when it asks something else than before, or is still at work.
    """
    mine = sa.and_(_ANSWER.c.key_id == key_id, _ANSWER.c.name == name)
    stale = sa.and_(mine, _ANSWER.c.status == 0, _ANSWER.c.at < now - _STALE)
    tx.execute(sa.delete(_ANSWER).where(stale))
    values = {"key_id": key_id, "name": name, "request_hash": request_hash, "at": now}
    new = upsert(tx, ApiAnswerRow).values(values | {"status": 0, "body": ""})
    if tx.scalar(new.on_conflict_do_nothing().returning(_ANSWER.c.name)) is not None:
        return None
    found = tx.execute(sa.select(_ANSWER).where(mine)).one()
    if found.request_hash != request_hash:
        raise WrongState("this Idempotency-Key came with another request before")
    if found.status == 0:
        raise WrongState("the request with this Idempotency-Key is still being answered")
    return found.status, found.body


def end_answer(tx: Transaction, key_id: int, name: str, status: int, body: str) -> None:
    """Keep an answer; a failure of ours is not kept, so that it can be tried again."""
    mine = sa.and_(_ANSWER.c.key_id == key_id, _ANSWER.c.name == name)
    if status >= 500 or status == 0:
        tx.execute(sa.delete(_ANSWER).where(mine))
    else:
        tx.execute(sa.update(_ANSWER).where(mine).values(status=status, body=body))


def _key(row: dict[str, object]) -> ApiKey:
    values = {name: value for name, value in row.items() if name != "key_hash"}
    return ApiKey(**values | {"scopes": unpack(str(row["scopes"]))})  # type: ignore[arg-type]
