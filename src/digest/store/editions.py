"""Queries about editions: drafts, approval, what past ones used."""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from pydantic import TypeAdapter

from digest.errors import NotFound, WrongState
from digest.model import Edition, EditionState, LeftOut, Rendered, Variant
from digest.store import variants as shares
from digest.store.database import Transaction
from digest.store.sql import is_id, rows, said, table, upsert
from digest.store.tables import EditionRow, InstanceRow, NewsletterRow

_EDITION, _SINCE = table(EditionRow), table(NewsletterRow)
_SHORT = [column for column in _EDITION.c if column.name != "left_out"]
OPEN_STATES = (EditionState.DRAFT, EditionState.HELD)  #: may be built again


@cache
def _codec() -> TypeAdapter[Edition]:
    return TypeAdapter(Edition)


def save(
    tx: Transaction,
    edition: Edition,
    now: datetime,
    among: Iterable[EditionState] = OPEN_STATES,
) -> Edition:
    """Store a draft for its slot, in place of an earlier one whose state is `among` some.

    WrongState when the slot's edition is approved or further.
    """
    values = _columns(edition) | {"changed_at": now, "built_at": now, "frozen": 0}
    new = upsert(tx, EditionRow).values(values).on_conflict_do_nothing().returning(_EDITION.c.id)
    made = tx.scalar(new)
    if made is not None:
        return replace(edition, id=made)
    slot = sa.and_(
        _EDITION.c.newsletter == edition.newsletter, _EDITION.c.slot_on == edition.slot_on
    )
    still_open = _EDITION.c.state.in_(list(among))
    again = sa.update(_EDITION).where(slot, still_open).values(values).returning(_EDITION.c.id)
    kept = tx.scalar(again)
    if kept is None:
        before = at_slot(tx, edition.newsletter, edition.slot_on)
        state = before.state.value if before else "gone"
        raise WrongState(f"{edition.key} is {state} and cannot be built again")
    return replace(edition, id=kept)


def _columns(edition: Edition) -> dict[str, Any]:
    names = ("newsletter", "slot_on", "slot_at", "state", "reason", "sha256", "window_end")
    content = _codec().dump_python(replace(edition, left_out=()), mode="json")
    kept = {"content": content, "left_out": _packed(edition.left_out)}
    return {name: getattr(edition, name) for name in names} | kept


def _packed(left_out: Iterable[LeftOut]) -> bytes:
    """Return the articles left out in a hundredth of the time and a tenth of the space."""
    plain = [(left.article_id, left.title, left.reason, left.score) for left in left_out]
    return zlib.compress(json.dumps(plain, ensure_ascii=False).encode(), 1)


def _unpacked(packed: bytes) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(*values) for values in json.loads(zlib.decompress(packed)))


def at_slot(tx: Transaction, newsletter: str, slot_on: date) -> Edition | None:
    """Return the edition of a slot, if there is one."""
    where = sa.and_(_EDITION.c.newsletter == newsletter, _EDITION.c.slot_on == slot_on)
    row = tx.execute(sa.select(_EDITION).where(where)).first()
    return _edition(row) if row else None


def find(tx: Transaction, name: str) -> Edition:
    """Return the edition called by id, `latest` or `newsletter@2026-11-23`."""
    wanted = sa.select(_EDITION).order_by(_EDITION.c.slot_at.desc(), _EDITION.c.id.desc()).limit(1)
    newsletter, _, day = name.partition("@")
    if is_id(name):
        wanted = wanted.where(_EDITION.c.id == int(name))
    elif day and _is_date(day):
        on = date.fromisoformat(day)
        wanted = wanted.where(_EDITION.c.newsletter == newsletter, _EDITION.c.slot_on == on)
    elif name != "latest":
        wanted = wanted.where(_EDITION.c.newsletter == name)
    row = tx.execute(wanted).first()
    if row is None:
        raise NotFound(f"there is no edition {name!r}; `digest editions list` shows them")
    return _edition(row)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def every(tx: Transaction, limit: int | None = 100) -> list[Edition]:
    """Return editions without what they left out, newest slot first; None for all."""
    wanted = sa.select(*_SHORT).order_by(_EDITION.c.slot_at.desc(), _EDITION.c.id.desc())
    return [_edition(row) for row in tx.execute(wanted.limit(limit))]


def in_state(tx: Transaction, states: Iterable[EditionState]) -> list[Edition]:
    """Return the editions in one of these states, oldest slot first, without what they left out."""
    wanted = sa.select(*_SHORT).where(_EDITION.c.state.in_(list(states)))
    return [_edition(row) for row in tx.execute(wanted.order_by(_EDITION.c.slot_at))]


def require_open(tx: Transaction, edition: Edition) -> None:
    """Hold an edition so that nobody approves it meanwhile; WrongState when that is done."""
    where = sa.and_(_EDITION.c.id == edition.id, _EDITION.c.state.in_(OPEN_STATES))
    same = {"state": _EDITION.c.state}
    if tx.execute(sa.update(_EDITION).where(where).values(same)).rowcount != 1:
        state = find(tx, str(edition.id)).state.value
        raise WrongState(f"{edition.key} is {state}; only a draft can be changed")


def move(
    tx: Transaction,
    edition: Edition,
    to: EditionState,
    now: datetime,
    *,
    reason: str = "",
    sha256: str | None = None,
) -> Edition:
    """Change the state if it is still the one `edition` has; else WrongState.

    Once approved, the hash stays.
    """
    values: dict[str, Any] = {"state": to, "reason": reason, "changed_at": now}
    if sha256 is not None:
        values["sha256"] = sha256
    if to == EditionState.SENT:
        values["finished_at"] = now
    where = sa.and_(_EDITION.c.id == edition.id, _EDITION.c.state == edition.state)
    if tx.execute(sa.update(_EDITION).where(where).values(**values)).rowcount != 1:
        raise WrongState(f"{edition.key} is no longer {edition.state.value}; look again")
    return find(tx, str(edition.id))


def freeze(
    tx: Transaction, edition: Edition, variants: Sequence[Variant], head: dict[str, Any]
) -> None:
    """Keep the approved bytes and the head of every message, beside the content they show."""
    where = _EDITION.c.id == edition.id
    content = _columns(replace(edition, left_out=()))["content"]
    tx.execute(sa.update(_EDITION).where(where).values(content=content))
    shares.freeze(tx, edition.id, variants, head)


def frozen_content(tx: Transaction, edition_id: int) -> tuple[Rendered, dict[str, Any]]:
    """Return the approved bytes of the plain variant and the head; NotFound before approval."""
    variants, head = shares.frozen(tx, edition_id)
    return variants[0].rendered, head


def is_sending(tx: Transaction, edition_id: int) -> bool:
    """Say whether an edition goes out, and let nobody pause it before this transaction ends.

    None does in a database that a restore has locked under its sender.
    """
    found = said(tx, _STATE, {"edition": edition_id}).fetchone()
    return found is not None and found[0] == EditionState.SENDING.value


_STATE = (
    sa.select(sa.type_coerce(_EDITION.c.state, sa.String))
    .where(_EDITION.c.id == sa.bindparam("edition"))
    .where(~sa.exists().where(table(InstanceRow).c.locked != sa.literal_column("''")))
    .with_for_update(read=True)
)


def hold(tx: Transaction, edition_id: int) -> None:
    """Let nobody change an edition, or add a row to it, before this transaction ends."""
    tx.execute(sa.select(_EDITION.c.id).where(_EDITION.c.id == edition_id).with_for_update())


def last_frozen(tx: Transaction, edition: Edition) -> int:
    """Return how many readers the newsletter's last other edition had; 0 when there is none."""
    mine = sa.and_(_EDITION.c.newsletter == edition.newsletter, _EDITION.c.id != edition.id)
    wanted = sa.select(_EDITION.c.frozen).where(mine, _EDITION.c.frozen > 0)
    return int(tx.scalar(wanted.order_by(_EDITION.c.slot_at.desc()).limit(1)) or 0)


def changed_at(tx: Transaction, edition_id: int) -> datetime:
    """Return when an edition came into its state."""
    found = tx.scalar(sa.select(_EDITION.c.changed_at).where(_EDITION.c.id == edition_id))
    return cast("datetime", found)


def built_at(tx: Transaction, edition_id: int) -> datetime:
    """Return when an edition was last built."""
    found = tx.scalar(sa.select(_EDITION.c.built_at).where(_EDITION.c.id == edition_id))
    return cast("datetime", found)


def last_sent(
    tx: Transaction,
    newsletter: str,
    before: datetime,
    limit: int,
    reaching_into: datetime | None = None,
) -> list[Edition]:
    """Return the newest editions sent for a slot before `before` or ahead of theirs, newest first.

    At most `limit`, and besides them every one whose window reaches beyond `reaching_into`. An
    edition that is going out counts: its stories are used. What they left out is not read.
    """
    states = (EditionState.SENT, EditionState.SENDING, EditionState.FILLING, EditionState.PAUSED)
    ahead = sa.and_(_EDITION.c.slot_at > before, _EDITION.c.changed_at <= before)
    wanted = (
        sa.select(*_SHORT)
        .where(_EDITION.c.newsletter == newsletter, sa.or_(_EDITION.c.slot_at < before, ahead))
        .where(_EDITION.c.state.in_(states))
        .order_by(_EDITION.c.slot_at.desc())
    )
    found = [_edition(row) for row in tx.execute(wanted.limit(limit))]
    if reaching_into is not None:
        known = {edition.id for edition in found}
        more = tx.execute(wanted.where(_EDITION.c.window_end > reaching_into))
        found += [_edition(row) for row in more if row.id not in known]
    return found


class Published(NamedTuple):
    """Which edition is public: enough to know whether what was made of it is still true."""

    id: int
    newsletter: str
    slot_on: date
    sha256: str


def published(
    tx: Transaction, newsletter: str = "", on: date | None = None, limit: int = 50
) -> list[Published]:
    """Return the editions that have gone out or are on their way, newest first."""
    states = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)
    columns = (_EDITION.c.id, _EDITION.c.newsletter, _EDITION.c.slot_on, _EDITION.c.sha256)
    wanted = sa.select(*columns).where(_EDITION.c.state.in_(states))
    if newsletter:
        wanted = wanted.where(_EDITION.c.newsletter == newsletter)
    if on is not None:
        wanted = wanted.where(_EDITION.c.slot_on == on)
    ordered = wanted.order_by(_EDITION.c.slot_at.desc(), _EDITION.c.id.desc())
    return [Published(*row) for row in tx.execute(ordered.limit(limit))]


def scheduled_since(tx: Transaction, newsletter: str, rule: str, now: datetime) -> datetime:
    """Return since when a newsletter has this schedule; the first question makes it `now`.

    So a schedule edited on the day makes no slot in the past due.
    """
    values = {"slug": newsletter, "rule": rule, "since": now}
    statement = upsert(tx, NewsletterRow).values(values)
    changed = statement.on_conflict_do_update(
        index_elements=["slug"], set_={"rule": rule, "since": now}, where=_SINCE.c.rule != rule
    )
    tx.execute(changed)
    found = rows(tx, sa.select(_SINCE).where(_SINCE.c.slug == newsletter))
    return cast("datetime", found[0]["since"])


def _edition(row: Any) -> Edition:
    edition = _codec().validate_python(row.content)
    packed = getattr(row, "left_out", None)
    return replace(
        edition,
        left_out=_unpacked(packed) if packed else edition.left_out,
        id=row.id,
        state=EditionState(row.state),
        reason=row.reason,
        sha256=row.sha256,
        finished_at=row.finished_at,
    )
