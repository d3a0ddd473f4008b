"""Queries about how readers want an edition, and which variant each of them gets."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import EVERYBODY, Choice, Filter, Rendered, Variant
from digest.store import subscribers
from digest.store.database import Transaction
from digest.store.sql import pack, rows, table, unpack
from digest.store.tables import DeliveryRow, SubscriberRow, SubscriptionRow, VariantRow

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_DELIVERY, _VARIANT = table(DeliveryRow), table(VariantRow)
_CHOICE = (_CONSENT.c.muted, _CONSENT.c.density, _PERSON.c.language)
_SOME = 500  #: ids in one statement; SQLite has a limit


def wanted(tx: Transaction, newsletter: str, among: Filter = EVERYBODY) -> Counter[Choice]:
    """Return how many of those who would get an edition want it how."""
    each = subscribers.recipients(newsletter, among).order_by(None).with_only_columns(*_CHOICE)
    each = each.add_columns(sa.func.count().label("readers")).group_by(*_CHOICE)
    found: Counter[Choice] = Counter()
    for row in rows(tx, each):
        found[_choice(row)] += row["readers"]
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
