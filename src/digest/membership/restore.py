"""Our own JSONL is read back: newcomers whole, of people who are here only that they left."""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from digest.app import App
from digest.audience import consent
from digest.audience.address import Address, parse_address
from digest.audience.tokens import is_public_id, make_public_id
from digest.errors import BadFile, BadRow, InvalidAddress
from digest.model import (
    ConsentEvent,
    Outcome,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from digest.store import Transaction, subscribers, suppressions
from digest.store import restore as store

_SOME = 500
Person = tuple[Address, Subscriber, list[list[ConsentEvent]], Suppression | None]


def is_ours(path: Path) -> bool:
    """Say whether a file is JSON Lines."""
    with path.open("rb") as file:
        return file.read(200).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")


def restore(
    app: App, tx: Transaction, path: Path, import_id: int, refuse: Callable[[str, str], None]
) -> Iterator[Outcome]:
    """Bring a file's people into the list; yield what became of each line."""
    seen: set[str] = set()
    with path.open(encoding="utf-8-sig") as file:
        lines = enumerate(file, 1)
        while some := list(islice(lines, _SOME)):
            people: list[Person] = []
            for number, line in some:
                value = _value(number, line)
                try:
                    if "email" not in value:
                        yield _orphan(tx, value)
                        continue
                    people.append(_person(app, value))
                except (BadRow, InvalidAddress) as error:
                    refuse(line, str(error))
                    yield Outcome.INVALID
            yield from _people(app, tx, people, import_id, seen)


def _people(
    app: App, tx: Transaction, people: Sequence[Person], import_id: int, seen: set[str]
) -> Iterator[Outcome]:
    known = subscribers.by_keys(tx, [each[0].key for each in people])
    digests = {each[0].key: app.digest_of(each[0]) for each in people}
    kept_out = suppressions.among(tx, list(digests.values()))
    fresh: list[Person] = []
    for one in people:
        address, person, _, suppressed = one
        if address.key in seen:
            yield Outcome.DUPLICATE
        elif address.key in known:
            yield _leave(app, tx, known[address.key], one)
        elif not suppressed and digests[address.key] in kept_out:
            yield Outcome.SUPPRESSED
        else:
            fresh.append(one)
            states = {s.state for s in person.subscriptions}
            out = Outcome.KEPT_OUT if states == {SubscriptionState.ENDED} else Outcome.NEW
            yield Outcome.SUPPRESSED if suppressed else out
        seen.add(address.key)
    taken = store.taken_ids(tx, [s.public_id for p in fresh for s in p[1].subscriptions])
    store.keep(tx, [suppressed for _, _, _, suppressed in fresh if suppressed])
    named = [(_named(person, taken), a.key, digests[a.key], log) for a, person, log, _ in fresh]
    store.insert(tx, named, import_id)


def _named(person: Subscriber, taken: set[str]) -> Subscriber:
    """Give what has no name of its own a new one; the others keep theirs, and links work on."""
    mine = tuple(
        s
        if s.public_id not in taken and is_public_id(s.public_id)
        else replace(s, public_id=make_public_id(secrets.token_bytes(8)))
        for s in person.subscriptions
    )
    return replace(person, subscriptions=mine)


def _leave(app: App, tx: Transaction, here: Subscriber, one: Person) -> Outcome:
    """End what they ended there and suppress what was suppressed there; bring nothing back."""
    address, person, _, suppressed = one
    outcome = Outcome.UNCHANGED
    if suppressed and here.suppressed is None:
        digest, reason = app.digest_of(address), suppressed.reason
        suppressions.suppress(tx, digest, reason, suppressed.at, suppressed.note)
        outcome = Outcome.SUPPRESSED
    for theirs in person.subscriptions:
        mine = next((s for s in here.subscriptions if s.newsletter == theirs.newsletter), None)
        if mine and theirs.state is SubscriptionState.ENDED and mine.state is not theirs.state:
            ended = consent.end(mine, theirs.ended_at or app.now())
            subscribers.set_state(tx, ended, "import", app.now())
            outcome = Outcome.ENDED
    return outcome


def _orphan(tx: Transaction, value: dict[str, Any]) -> Outcome:
    digest = value.get("address_digest")
    if not isinstance(digest, str) or len(digest) != 64:
        raise BadRow("a line is a person with an email, or an address_digest")
    store.keep(tx, [_suppression(digest, value)])
    return Outcome.SUPPRESSED


def _value(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"line {number}: not JSON: {error}; nothing was imported") from error
    if not isinstance(value, dict):
        raise BadFile(f"line {number}: not a JSON object; nothing was imported")
    return value


def _person(app: App, value: dict[str, Any]) -> Person:
    try:
        address = parse_address(value["email"])
        subscriptions = [_subscription(each) for each in value.get("subscriptions") or ()]
        log = [
            [_event(event) for event in each.get("log") or ()]
            for each in value.get("subscriptions") or ()
        ]
        person = Subscriber(
            id=0,
            email=address.email,
            name=str(value.get("name", "")),
            created_at=_moment(value.get("created_at")) or app.now(),
            subscriptions=tuple(subscriptions),
            tags=tuple(map(str, value.get("tags") or ())),
            language=str(value.get("language", "")),
            timezone=str(value.get("timezone", "")),
        )
        why = value.get("suppressed")
        suppressed = _suppression(app.digest_of(address), why) if why else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRow(f"cannot be read: {error}") from error
    return address, person, log, suppressed


def _subscription(value: dict[str, Any]) -> Subscription:
    return Subscription(
        id=0,
        newsletter=str(value["newsletter"]),
        state=SubscriptionState(value["state"]),
        public_id=str(value.get("public_id", "")),
        created_at=_needed(value["created_at"]),
        confirmed_at=_moment(value.get("confirmed_at")),
        ended_at=_moment(value.get("ended_at")),
        asked_at=_moment(value.get("asked_at")),
        muted=tuple(map(str, value.get("muted") or ())),
        density=str(value.get("density", "")),
    )


def _event(value: dict[str, Any]) -> ConsentEvent:
    texts = {name: str(value.get(name, "")) for name in ("origin", "words", "by", "ip")}
    return ConsentEvent(what=str(value["what"]), at=_needed(value["at"]), **texts)


def _suppression(digest: str, value: dict[str, Any]) -> Suppression:
    reason = SuppressionReason(value["reason"])
    return Suppression(digest, reason, _needed(value["at"]), str(value.get("note", "")))


def _moment(text: str | None) -> datetime | None:
    return _needed(text) if text else None


def _needed(text: object) -> datetime:
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError(f"{text!r} does not say its zone")
    return found
