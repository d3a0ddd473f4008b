"""Subscribers: filters, one person's whole story, add, export, suppress, erase."""

import json
from datetime import datetime
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from digest import membership, shapes
from digest.audience.address import parse_address
from digest.errors import BadFilter, InvalidAddress, WrongState
from digest.membership.takeout import TABLES
from digest.model import EVERYBODY, Subscriber, SuppressionReason
from digest.store import subscribers
from digest.web.admin.ask import OWNER, PAGE, Ask, Route

_COUNTED = 1_000  #: more are not counted: the page would wait
ORDERS = ("-came", "came")  #: what the index gives at once, also with a status
SHAPES = ("jsonl", *TABLES)


def _list(ask: Ask) -> Response:
    words, order, problem = ask.query("filter").strip(), ask.query("sort", "-came"), ""
    try:
        key = parse_address(words).key if _is_address(words) else ""
        wanted = membership.reading_filter(ask.app, "" if key else words)
    except (BadFilter, InvalidAddress) as error:
        wanted, problem, key = EVERYBODY, str(error), ""
    order = order if order in ORDERS else "-came"
    if "status:" in words and ("since:" in words or "until:" in words):
        order = order.replace("came", "created")  # the same order, by the index that serves
    with ask.app.database.reading() as tx:
        if key:  # by the index: no filter is as quick
            found = list(subscribers.by_keys(tx, [key]).values())
        else:
            found = list(subscribers.some(tx, wanted, order, PAGE + 1, ask.skip))
        more = len(found) > PAGE
        total = subscribers.count(tx, wanted, _COUNTED + 1) if more else ask.skip + len(found)
    return ask.page(
        "admin/people.html",
        found=[(person, shapes.status(person)) for person in found[:PAGE]],
        more=more,
        total=f"more than {_COUNTED:,}" if total > _COUNTED else f"{total:,}",
        problem=problem,
        filter=words,
        sort=order,
        skip=ask.skip,
        page=PAGE,
        shapes=SHAPES,
        newsletters=ask.app.settings.newsletters,
        form_url=f"{ask.app.settings.web.base_url}/subscribe",
    )


def _is_address(words: str) -> bool:
    return "@" in words and ":" not in words and " " not in words


def _person(ask: Ask) -> Subscriber:
    """Return the person of the address: a number, so that no log holds an address."""
    with ask.app.database.reading() as tx:
        found = subscribers.get(tx, ask.number("person"))
    ask.about = f"subscriber {found.id}"
    return found


def _show(ask: Ask) -> Response:
    person = _person(ask)
    told = membership.person_shape(ask.app, person.email)
    return ask.page(
        "admin/person.html",
        person=person,
        status=shapes.status(person),
        told=told,
        events=_events(told),
        newsletters=ask.app.settings.newsletters,
        reasons=list(SuppressionReason),
    )


def _events(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what happened to a person's consents and mails, newest first."""
    events = [
        {**event, "newsletter": mine["newsletter"], "kind": "consent"}
        for mine in told.get("subscriptions", ())
        for event in mine["log"]
    ]
    sent = [
        {"at": each["settled_at"] or each["first_claimed_at"] or "", "kind": "mail", **each}
        for each in told["deliveries"]
    ]
    events = sorted([*events, *sent], key=lambda event: event["at"] or "", reverse=True)
    return [{**each, "moment": _moment(each["at"])} for each in events]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _add(ask: Ask) -> Response:
    added = membership.add_subscriber(
        ask.app,
        ask.text("email"),
        ask.text("newsletter"),
        confirmed=bool(ask.text("confirmed")),
        name=ask.text("name"),
        by=ask.by,
        words=ask.text("consent"),
    )
    person = membership.find_subscriber(ask.app, added.email)
    ask.about = f"subscriber {person.id}"
    said = {"active": "They are subscribed.", "unchanged": "They were subscribed already."}
    asked = f"They are not asked yet: {added.note}" if added.note else "They are asked by mail."
    return ask.back(f"/subscribers/{person.id}", said.get(added.outcome, asked))


def _change(ask: Ask) -> Response:
    """Do one thing to one person."""
    person, what, app = _person(ask), ask.text("do"), ask.app
    if what == "edit":
        tags = tuple(ask.text("tags").split(","))
        fields = {name: ask.text(name) for name in ("name", "language", "timezone")}
        membership.edit_subscriber(app, person.email, tags=tags, **fields)
    elif what == "unsubscribe":
        membership.end_subscription(app, person.email, ask.text("newsletter"), by=ask.by)
    elif what == "confirm":
        words = ask.text("consent")
        membership.confirm_by_hand(app, person.email, ask.text("newsletter"), words, ask.by)
    elif what == "suppress":
        note = f"{ask.text('note')} ({ask.by})"
        membership.suppress_address(app, person.email, SuppressionReason.ADMIN, note)
    elif what == "unsuppress":
        membership.unsuppress_address(app, person.email, ask.text("note"), ask.by)
    else:
        raise WrongState("there is no such thing to do")
    ask.did = f"{_DID[what]} a subscriber"
    return ask.back(f"/subscribers/{person.id}", "Done.")


_DID = {
    "edit": "edited",
    "unsubscribe": "unsubscribed",
    "confirm": "confirmed",
    "suppress": "suppressed",
    "unsuppress": "lifted the suppression of",
}


def _erase(ask: Ask) -> Response:
    person = _person(ask)
    if ask.text("sure") != "erase":
        raise WrongState("write the word erase: it cannot be undone")
    membership.erase_subscriber(ask.app, person.email)
    return ask.back("/subscribers", "They are erased; a fingerprint keeps the address out.")


def _export(ask: Ask) -> Response:
    """Hand out a list; that it was handed out is kept."""
    shape, words = ask.text("shape"), ask.text("filter")
    if shape not in SHAPES:
        raise WrongState(f"{shape!r} is not one of {', '.join(SHAPES)}")
    words = f"email:{words}" if _is_address(words) else words
    ask.about = f"{shape}, {'those a filter picks' if words else 'everybody'}"
    among = membership.reading_filter(ask.app, words)
    name = f"subscribers.{'jsonl' if shape == 'jsonl' else 'csv'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    pieces = membership.export_people(ask.app, shape, among)
    return StreamingResponse(pieces, media_type="text/plain; charset=utf-8", headers=headers)


def _export_one(ask: Ask) -> Response:
    told = membership.person_shape(ask.app, _person(ask).email)
    headers = {"Content-Disposition": 'attachment; filename="person.json"'}
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return Response(text, media_type="application/json", headers=headers)


_ONE = "/subscribers/{person}"
ROUTES = (
    Route("GET", "/subscribers", OWNER, _list),
    Route("POST", "/subscribers", OWNER, _add, "added a subscriber"),
    Route("POST", "/subscribers/export", OWNER, _export, "exported subscribers"),
    Route("GET", _ONE, OWNER, _show),
    Route("POST", _ONE, OWNER, _change, "changed a subscriber"),
    Route("POST", f"{_ONE}/erase", OWNER, _erase, "erased a subscriber"),
    Route("POST", f"{_ONE}/export", OWNER, _export_one, "exported a subscriber"),
)
