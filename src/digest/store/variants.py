"""Queries about how readers want an edition, and which variant each of them gets."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import EVERYBODY, Choice, Filter, Rendered, SubscriptionState, Variant
from digest.store import active, picking, subscribers
from digest.store.database import Transaction
from digest.store.sql import rows, table
from digest.store.tables import DeliveryRow, SubscriberRow, SubscriptionRow, VariantRow
from digest.text import pack, unpack

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_DELIVERY, _VARIANT = table(DeliveryRow), table(VariantRow)
_CHOICE = (_CONSENT.c.muted, _CONSENT.c.density, _PERSON.c.language)
_NAMES = ("muted", "density", "language")
#: Said as the indexes over them say it.
_WISHES = sa.or_(*(column != sa.literal_column("''") for column in _CHOICE[:2]))
_SPEAKS = _PERSON.c.language != sa.literal_column("''")
_OWNER = _CONSENT.c.subscriber_id == _PERSON.c.id
_SOME = 500  #: ids in one statement; SQLite has a limit


def wanted(
    tx: Transaction,
    newsletter: str,
    among: Filter = EVERYBODY,
    differs: Callable[[str], bool] = bool,
) -> Counter[Choice]:
    """Return how many of those who would get an edition want it how.

    A language that does not differ from the publication's may be left out of the choices.
    """
    if among != EVERYBODY:
        return _counted(tx, subscribers.recipients(newsletter, among).order_by(None), *_CHOICE)
    # Everybody counts as plain first. Small indexes know who wishes for something; they move to
    # it, and those who are kept out go. Nobody else is looked at one by one.
    every = tx.scalars(sa.select(picking.kinds(_PERSON.c.language, _SPEAKS)))
    languages = [each for each in every if each and differs(each)]
    wishing = sa.select().select_from(_CONSENT).where(active.active(newsletter), _WISHES)
    out = sa.select().select_from(_CONSENT.join(_PERSON, _OWNER))
    spoken = sa.case((_PERSON.c.language.in_(languages), _PERSON.c.language), else_="")
    found = Counter({Choice(): active.every(tx, newsletter)})
    for choice, readers in _counted(tx, wishing, *_CHOICE[:2]).items():
        found.update({choice: readers})
        found.subtract({Choice(): readers})
    for choice, readers in _speaking(tx, newsletter, languages).items():
        found.update({choice: readers})
        found.subtract({replace(choice, language=""): readers})
    found.subtract(_counted(tx, out.where(active.kept_out(newsletter)), *_CHOICE[:2], spoken))
    return +found


def _speaking(tx: Transaction, newsletter: str, languages: Sequence[str]) -> Counter[Choice]:
    """Count the choices of active readers who want one of these languages.

    One of those with equal wishes tells how all of them want it, by an index over wishes. Wishes
    are of every subscription that is open: those not active yet are taken off again.
    """
    spoken = _PERSON.c.language.in_(languages)
    alike = sa.select(sa.func.min(_PERSON.c.id).label("one"), sa.func.count().label("people"))
    kind = alike.where(_SPEAKS, spoken).group_by(_PERSON.c.language, _PERSON.c.wishes).subquery()
    mine, pending = _CONSENT.c.newsletter == newsletter, SubscriptionState.PENDING
    theirs = kind.join(_PERSON, _PERSON.c.id == kind.c.one).join(_CONSENT, _OWNER)
    is_open = sa.and_(mine, _CONSENT.c.state != SubscriptionState.ENDED)
    every = sa.select().select_from(theirs).where(is_open)
    waiting = sa.select().select_from(_CONSENT.join(_PERSON, _OWNER))
    waiting = waiting.where(mine, _CONSENT.c.state == pending, spoken)
    found = _counted(tx, every, *_CHOICE, count=sa.func.sum(kind.c.people))
    found.subtract(_counted(tx, waiting, *_CHOICE))
    return found


def _counted(
    tx: Transaction,
    some: sa.Select[Any],
    *columns: sa.ColumnElement[Any],
    count: sa.ColumnElement[Any] | None = None,
) -> Counter[Choice]:
    """Count the choices of some, each as columns say it; `count` if a row is not one reader."""
    named = [column.label(name) for column, name in zip(columns, _NAMES, strict=False)]
    counts = (sa.func.count() if count is None else count).label("readers")
    each = some.with_only_columns(*named, counts, maintain_column_froms=True).group_by(*named)
    found: Counter[Choice] = Counter()
    for row in rows(tx, each):
        found[_choice({"language": ""} | row)] += int(row["readers"])
    return found


def assign(tx: Transaction, edition_id: int, number_of: Callable[[Choice], int]) -> None:
    """Write which variant each reader of a queued edition gets, where that is not the plain one."""
    theirs = _DELIVERY.join(_CONSENT, _CONSENT.c.id == _DELIVERY.c.subscription_id)
    theirs = theirs.join(_PERSON, _PERSON.c.id == _CONSENT.c.subscriber_id)
    chosen = sa.or_(*(column != "" for column in _CHOICE))
    query = sa.select(_DELIVERY.c.id, *_CHOICE).select_from(theirs)
    query = query.where(_DELIVERY.c.edition_id == edition_id, chosen)
    known: dict[tuple[str, ...], int] = {}
    groups: dict[int, list[int]] = {}
    for number, *texts in tx.execute(query.execution_options(yield_per=5_000)):
        key = tuple(texts)
        if key not in known:
            known[key] = number_of(Choice(unpack(key[0]), *key[1:]))
        groups.setdefault(known[key], []).append(number)
    for variant, ids in groups.items():
        for start in range(0, len(ids) if variant else 0, _SOME):
            some = _DELIVERY.c.id.in_(ids[start : start + _SOME])
            tx.execute(sa.update(_DELIVERY).where(some).values(variant=variant))


def freeze(
    tx: Transaction, edition_id: int, variants: Sequence[Variant], head: dict[str, Any]
) -> None:
    """Keep the approved bytes of every variant, in order, and the head of every message."""
    tx.execute(sa.delete(_VARIANT).where(_VARIANT.c.edition_id == edition_id))
    for number, each in enumerate(variants):
        content = {name: getattr(each.rendered, name) for name in ("subject", "html", "text")}
        choice = {"muted": pack(each.choice.muted), "density": each.choice.density}
        choice["language"] = each.choice.language
        counts = {"readers": each.readers, "nearest": each.nearest}
        values = {"edition_id": edition_id, "number": number, "head": head}
        tx.execute(sa.insert(_VARIANT).values(values | content | choice | counts))


def shares(tx: Transaction, edition_id: int) -> list[dict[str, Any]]:
    """Return an edition's variants without their bytes, once approved: the choice and how many."""
    names = ("number", "muted", "density", "language", "readers", "nearest")
    mine = sa.select(*(_VARIANT.c[name] for name in names))
    mine = mine.where(_VARIANT.c.edition_id == edition_id).order_by(_VARIANT.c.number)
    return [row | {"muted": list(unpack(row["muted"]))} for row in rows(tx, mine)]


def choices(tx: Transaction, edition_id: int) -> list[Choice]:
    """Return the choices an edition has variants for, in order; nothing before its approval."""
    return [Choice(tuple(e["muted"]), e["density"], e["language"]) for e in shares(tx, edition_id)]


def frozen(tx: Transaction, edition_id: int) -> tuple[list[Variant], dict[str, Any]]:
    """Return the approved bytes, the plain variant first, and the head; NotFound before."""
    mine = sa.select(_VARIANT).where(_VARIANT.c.edition_id == edition_id)
    found = rows(tx, mine.order_by(_VARIANT.c.number))
    if not found:
        raise NotFound(f"edition {edition_id} is not approved yet")
    return [_variant(row) for row in found], found[0]["head"]


def _variant(row: dict[str, Any]) -> Variant:
    rendered = Rendered(row["subject"], row["html"], row["text"])
    return Variant(_choice(row), rendered, row["readers"], row["nearest"])


def _choice(row: dict[str, Any]) -> Choice:
    return Choice(unpack(row["muted"]), row["density"], row["language"])
