"""People leave with everything: JSONL without loss, CSV for spreadsheets and other tools."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from digest import shapes
from digest.app import App
from digest.audience.exchange.base import cell
from digest.errors import NotFound
from digest.model import (
    EVERYBODY,
    ConsentEvent,
    Filter,
    Subscriber,
    SubscriptionState,
    Suppression,
)
from digest.shapes import moment
from digest.store import Transaction, consent, deliveries, subscribers, suppressions

_SOME = 500


def export_people(app: App, shape: str, among: Filter = EVERYBODY) -> Iterator[str]:
    """Yield the text of an export piece by piece; shapes are `jsonl` and those of `TABLES`."""
    with app.database.reading() as tx:
        if shape == "jsonl":
            yield from _lines(tx, among)
        else:
            header, row = TABLES[shape]
            records = _Records()
            yield records.record(header)
            for person in subscribers.some(tx, among):
                if shapes.status(person) in _TAKEN.get(shape, _LEFT):
                    yield records.record(row(person))


def person_shape(app: App, email: str) -> dict[str, Any]:
    """Return everything that is kept of one person; NotFound when nothing is."""
    from digest.audience.address import parse_address

    address = parse_address(email)
    with app.database.reading() as tx:
        found = subscribers.by_keys(tx, [address.key]).get(address.key)
        suppressed = suppressions.suppression(tx, app.digest_of(address))
        if found is None and suppressed is None:
            raise NotFound(f"nothing is kept of {address.email}")
        kept: dict[str, Any] = {"email": address.email}
        if found:
            kept = _whole(tx, [found])[0]
        ids = [s.id for s in found.subscriptions] if found else []
        sent = [shapes.delivery(each) for each in deliveries.of_subscriptions(tx, ids)]
    if suppressed and not found:
        kept["suppressed"] = _suppression(suppressed)
    return kept | {"deliveries": sent}


def _lines(tx: Transaction, among: Filter) -> Iterator[str]:
    """Yield a line for each person, then for each suppressed address nobody has."""
    some: list[Subscriber] = []
    for person in subscribers.some(tx, among):
        some.append(person)
        if len(some) == _SOME:
            yield "".join(map(_line, _whole(tx, some)))
            some = []
    yield "".join(map(_line, _whole(tx, some)))
    if among == EVERYBODY:
        for each in suppressions.orphans(tx):
            yield _line({"address_digest": each.address_digest} | _suppression(each))


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _whole(tx: Transaction, people: Sequence[Subscriber]) -> list[dict[str, Any]]:
    log = consent.events(tx, [s.id for person in people for s in person.subscriptions])
    digests = suppressions.suppressions(tx, [person.id for person in people if person.suppressed])
    return [_person(person, log, digests.get(person.id)) for person in people]


def _person(
    person: Subscriber, log: Mapping[int, list[ConsentEvent]], suppressed: Suppression | None
) -> dict[str, Any]:
    return {
        "email": person.email,
        "name": person.name,
        "created_at": moment(person.created_at),
        "tags": list(person.tags),
        "language": person.language,
        "timezone": person.timezone,
        "suppressed": _suppression(suppressed) if suppressed else None,
        "subscriptions": [
            {
                "newsletter": s.newsletter,
                "state": s.state.value,
                "public_id": s.public_id,
                "created_at": moment(s.created_at),
                "confirmed_at": moment(s.confirmed_at),
                "ended_at": moment(s.ended_at),
                "asked_at": moment(s.asked_at),
                "muted": list(s.muted),
                "density": s.density,
                "log": [_event(event) for event in log.get(s.id, ())],
            }
            for s in person.subscriptions
        ],
    }


def _event(event: ConsentEvent) -> dict[str, Any]:
    names = ("what", "origin", "words", "by", "ip")
    return {"at": moment(event.at)} | {name: getattr(event, name) for name in names}


def _suppression(value: Suppression) -> dict[str, Any]:
    return {"reason": value.reason.value, "at": moment(value.at), "note": value.note}


class _Records:
    """CSV by RFC 4180, every cell quoted and none a formula."""

    def __init__(self) -> None:
        self._writer = csv.writer(self, quoting=csv.QUOTE_ALL, lineterminator="\r\n")

    def record(self, cells: Sequence[str]) -> str:
        """Return one record."""
        return str(self._writer.writerow(map(cell, cells)))

    def write(self, text: str) -> str:
        """Hand back what the writer writes."""
        return text


def _plain(person: Subscriber) -> list[str]:
    shape = shapes.subscriber(person)
    lists = ("newsletters", "tags")
    texts = {name: ";".join(shape[name]) for name in lists}
    return [texts.get(name, shape.get(name) or "") for name in _PLAIN]


def _listmonk(person: Subscriber) -> list[str]:
    attributes = json.dumps({"tags": list(person.tags)} if person.tags else {}, ensure_ascii=False)
    return [person.email, person.name, attributes, "enabled" if _wants(person) else "disabled"]


def _ghost(person: Subscriber) -> list[str]:
    created = moment(person.created_at) or ""
    wants = "true" if _wants(person) else "false"
    return [person.email, person.name, wants, created, ",".join(person.tags)]


def _mailchimp(person: Subscriber) -> list[str]:
    first, _, last = person.name.partition(" ")
    tags = ",".join(f'"{tag}"' for tag in person.tags)
    shape = shapes.subscriber(person)
    return [person.email, first, last, shape["confirmed_at"] or "", tags]


def _wants(person: Subscriber) -> bool:
    return any(s.state is SubscriptionState.ACTIVE for s in person.subscriptions)


_PLAIN = (
    "email name status newsletters tags language timezone created_at confirmed_at ended_at"
).split()
_LEFT = frozenset({"active", "ended"})
_TAKEN = {"csv": _LEFT | {"pending", "suppressed"}, "mailchimp": frozenset({"active"})}
#: The header of each kind of CSV and how a person becomes a row. The other tools get neither who
#: is suppressed nor who has not confirmed; Mailchimp has no status column, so only who is active.
TABLES: dict[str, tuple[list[str], Callable[[Subscriber], list[str]]]] = {
    "csv": (_PLAIN, _plain),
    "listmonk": (["email", "name", "attributes", "status"], _listmonk),
    "ghost": (["email", "name", "subscribed_to_emails", "created_at", "labels"], _ghost),
    "mailchimp": (
        ["Email Address", "First Name", "Last Name", "CONFIRM_TIME", "TAGS"],
        _mailchimp,
    ),
}
