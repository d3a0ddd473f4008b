"""A subscriber's way in and out."""

import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from digest.app import App
from digest.audience import consent
from digest.audience.address import Address, address_digest, parse_address
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE, make_public_id, make_token, read_token
from digest.deliver.head import head_for
from digest.deliver.message import plain_message
from digest.errors import DeliveryError, NotFound, TransportDown, WrongState
from digest.model import Subscriber, Subscription, SubscriptionState
from digest.store import Transaction, subscribers

Change = Callable[[Subscription, datetime], Subscription]


@dataclass(frozen=True, slots=True)
class Added:
    """What adding a subscriber did."""

    email: str
    newsletter: str
    outcome: str  #: active | unchanged | pending
    note: str = ""


def add_subscriber(
    app: App, email: str, newsletter: str, *, confirmed: bool = False, name: str = ""
) -> Added:
    """Add a person to a newsletter; without `confirmed` they get a mail and must confirm.

    WrongState for a suppressed address, and for marking someone confirmed who left: only they
    can come back, by confirming themselves.
    """
    app.newsletter(newsletter)
    address = parse_address(email)
    with app.database.transaction() as tx:
        before = _subscribe(tx, app, address, newsletter, name)
        if before.state is SubscriptionState.ACTIVE:
            return Added(address.email, newsletter, "unchanged")
        if confirmed:
            _activate(tx, before, address, app.now())
            return Added(address.email, newsletter, "active")
        asked = replace(before, state=SubscriptionState.PENDING, ended_at=None)
        subscribers.set_state(tx, asked, "added by command", app.now())
    note = _send_confirmation(app, address.email, asked)
    return Added(address.email, newsletter, "pending", note)


def _subscribe(
    tx: Transaction, app: App, address: Address, newsletter: str, name: str
) -> Subscription:
    digest = address_digest(app.keys.secrets[app.keys.current], address)
    now = app.now()
    person = subscribers.add(tx, address.email, address.key, digest, name, now)
    if person.suppressed:
        raise WrongState(f"{address.email} is suppressed ({person.suppressed.value})")
    public_id = make_public_id(secrets.token_bytes(8))
    return subscribers.subscribe(tx, person.id, newsletter, public_id, now)


def _activate(tx: Transaction, before: Subscription, address: Address, now: datetime) -> None:
    if before.state is SubscriptionState.ENDED:
        raise WrongState(
            f"{address.email} left {before.newsletter} on {before.ended_at:%Y-%m-%d}; only they "
            "can come back: add them without --confirmed and they are asked"
        )
    subscribers.set_state(tx, consent.confirm(before, now), "confirmed by command", now)


def _send_confirmation(app: App, email: str, asked: Subscription) -> str:
    """Send the mail with the confirmation link; return why it could not be sent, or ""."""
    token = make_token(app.keys, CONFIRM, asked.public_id)
    link = f"{app.settings.web.base_url}/c/{app.keys.current}{token}"
    values = {"newsletter_title": app.newsletter(asked.newsletter).title, "confirm_url": link}
    rendered = app.renderer.render_mail(
        "confirm", app.settings.publication, values, app.newsletter(asked.newsletter).theme
    )
    head = head_for(app.settings, asked.newsletter, 0, app.keys.current)
    name = f"confirm.{secrets.token_hex(8)}"
    try:
        with closing(app.open_transport()) as transport:
            transport.send(plain_message(rendered, head, email, app.now(), name))
    except (DeliveryError, TransportDown) as error:
        return f"the confirmation mail could not be sent: {error}"
    return ""


def subscription_for(app: App, purpose: str, text: str) -> Subscription:
    """Return the subscription a link names; InvalidToken or NotFound when it names none."""
    public_id = read_token(app.keys, purpose, text)
    with app.database.reading() as tx:
        return subscribers.by_public_id(tx, public_id)


def title_of(app: App, subscription: Subscription) -> str:
    """Return the title of a subscription's newsletter, also of one no longer in the config."""
    found = app.settings.newsletters.get(subscription.newsletter)
    return found.title if found else subscription.newsletter


def confirm(app: App, text: str) -> Subscription:
    """Make the subscription of a confirmation link active; idempotent."""
    return _change(app, CONFIRM, text, consent.confirm, "confirmation page")


def unsubscribe(app: App, text: str, origin: str) -> Subscription:
    """End the subscription of an unsubscribe link at once; idempotent."""
    return _change(app, UNSUBSCRIBE, text, consent.end, origin)


def end_subscription(app: App, email: str, newsletter: str = "") -> list[Subscription]:
    """End a person's subscriptions, or the one to `newsletter`; NotFound when unknown."""
    address = parse_address(email)
    now = app.now()
    with app.database.transaction() as tx:
        person = subscribers.find(tx, address.key)
        mine = [s for s in person.subscriptions if newsletter in ("", s.newsletter)]
        if not mine:
            raise NotFound(f"{person.email} is not subscribed to {newsletter}")
        ended = []
        for found in mine:
            before = subscribers.by_public_id(tx, found.public_id, to_change=True)
            ended.append(consent.end(before, now))
            if before != ended[-1]:
                subscribers.set_state(tx, ended[-1], "ended by command", now)
    return ended


def find_subscriber(app: App, email: str) -> Subscriber:
    """Return one person; NotFound when the address is not on the list."""
    with app.database.reading() as tx:
        return subscribers.find(tx, parse_address(email).key)


def _change(app: App, purpose: str, text: str, change: Change, origin: str) -> Subscription:
    before = subscription_for(app, purpose, text)
    now = app.now()
    with app.database.transaction() as tx:
        current = subscribers.by_public_id(tx, before.public_id, to_change=True)
        after = change(current, now)
        if after != current:
            subscribers.set_state(tx, after, origin, now)
    return after
