"""Queries about who may use the desk, their sessions, their guesses, and what was done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound, WrongState
from digest.store.database import Transaction
from digest.store.sql import new_id, one_at_a_time, rows, table, upsert
from digest.store.tables import ActionRow, AdminRow, GuessRow, SessionRow

_ADMIN, _SESSION = table(AdminRow), table(SessionRow)
_GUESS, _ACTION = table(GuessRow), table(ActionRow)


@dataclass(frozen=True, slots=True)
class Admin:
    """A person who may use the desk."""

    id: int
    name: str
    role: str
    password: str  #: salt and scrypt hash
    totp: str
    totp_step: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did."""

    id: int
    at: datetime
    by: str
    what: str
    about: str


def add(tx: Transaction, name: str, role: str, password: str, now: datetime) -> None:
    """Add an admin; WrongState when the name is taken."""
    one_at_a_time(tx, "admins")
    if named(tx, name):
        raise WrongState(f"{name} may use the desk already; --reset gives a new password and role")
    values = {"name": name, "role": role, "password": password, "created_at": now}
    new_id(tx, AdminRow, values)


def change(tx: Transaction, name: str, **values: Any) -> None:
    """Change an admin; a new password, role or second factor ends every session of theirs."""
    changed = sa.update(_ADMIN).where(_ADMIN.c.name == name).values(values)
    found = tx.scalar(changed.returning(_ADMIN.c.id))
    if found is None:
        raise NotFound(f"{name} is nobody who may use the desk")
    if values.keys() & {"password", "role", "totp"}:
        tx.execute(sa.delete(_SESSION).where(_SESSION.c.admin_id == found))


def remove(tx: Transaction, name: str) -> None:
    """Take the desk from somebody; NotFound when they had none."""
    if tx.execute(sa.delete(_ADMIN).where(_ADMIN.c.name == name)).rowcount != 1:
        raise NotFound(f"{name} is nobody who may use the desk")


def every(tx: Transaction) -> list[Admin]:
    """Return who may use the desk."""
    return [Admin(**row) for row in rows(tx, sa.select(_ADMIN).order_by(_ADMIN.c.name))]


def named(tx: Transaction, name: str) -> Admin | None:
    """Return the admin of that name."""
    found = rows(tx, sa.select(_ADMIN).where(_ADMIN.c.name == name))
    return Admin(**found[0]) if found else None


def use_code(tx: Transaction, admin_id: int, step: int) -> bool:
    """Take a code of the second factor; False when it or a later one was taken before."""
    where = sa.and_(_ADMIN.c.id == admin_id, _ADMIN.c.totp_step < step)
    return tx.execute(sa.update(_ADMIN).where(where).values(totp_step=step)).rowcount == 1


def begin_session(
    tx: Transaction, token: str, admin_id: int, now: datetime, ends: datetime
) -> None:
    """Keep a session; those that are over go."""
    tx.execute(sa.delete(_SESSION).where(_SESSION.c.expires_at <= now))
    tx.execute(sa.insert(_SESSION).values(token=token, admin_id=admin_id, expires_at=ends))


def end_session(tx: Transaction, token: str) -> None:
    """End a session."""
    tx.execute(sa.delete(_SESSION).where(_SESSION.c.token == token))


def of_session(tx: Transaction, token: str, now: datetime) -> Admin | None:
    """Return who is logged in."""
    joined = sa.select(_ADMIN).join(_SESSION, _SESSION.c.admin_id == _ADMIN.c.id)
    found = rows(tx, joined.where(_SESSION.c.token == token, _SESSION.c.expires_at > now))
    return Admin(**found[0]) if found else None


def may_guess(tx: Transaction, key: str, free: int, most: timedelta, now: datetime) -> bool:
    """Count a guess; False when it comes too early. After `free` ones each waits twice as long.

    It is counted before it is tried, so that many at once count too.
    """
    one_at_a_time(tx, "guess")
    tx.execute(sa.delete(_GUESS).where(_GUESS.c.next_at < now - timedelta(days=1)))
    found = rows(tx, sa.select(_GUESS).where(_GUESS.c.key == key))
    count = found[0]["count"] + 1 if found else 1
    if found and found[0]["next_at"] > now:
        return False
    wait = timedelta(seconds=2 ** min(count - free, 20)) if count >= free else timedelta()
    values = {"count": count, "next_at": now + min(wait, most)}
    statement = upsert(tx, GuessRow).values(key=key, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
    return True


def forget_guesses(tx: Transaction, keys: list[str]) -> None:
    """Forget the guesses of somebody who is in."""
    tx.execute(sa.delete(_GUESS).where(_GUESS.c.key.in_(keys)))


def note(tx: Transaction, by: str, what: str, about: str, now: datetime) -> None:
    """Keep what somebody did."""
    tx.execute(sa.insert(_ACTION).values(at=now, by=by, what=what, about=about))


def actions(tx: Transaction, limit: int, before: int = 0) -> list[Action]:
    """Return what was done, newest first; those older than the action `before`."""
    wanted = sa.select(_ACTION).order_by(_ACTION.c.id.desc()).limit(limit)
    found = rows(tx, wanted.where(_ACTION.c.id < before) if before else wanted)
    return [Action(**row) for row in found]
