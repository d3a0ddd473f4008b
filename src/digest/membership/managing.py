"""A reader's own page, behind a fresh link from a mail: preferences and erasure."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from digest.app import App
from digest.audience import consent
from digest.audience.tokens import MANAGE, make_public_id, numbers_token, read_numbers
from digest.errors import InvalidToken, NotFound, WrongState
from digest.membership.leaving import erase_subscriber
from digest.membership.people import DENSITIES, check_language
from digest.model import Ask, Subscriber, Subscription, SubscriptionState
from digest.store import Transaction, asks, subscribers
from digest.text import clean

LINK_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a reader wants one newsletter."""

    on: bool
    muted: Collection[str] = ()
    density: str = ""


@dataclass(frozen=True, slots=True)
class Visited:
    """A reader's own page: who, and the link that may change it next."""

    person: Subscriber
    token: str

    @property
    def masked(self) -> str:
        """Return the address so that only its owner knows it again."""
        local, _, domain = self.person.email.rpartition("@")
        return f"{local[:1]}***@{domain[:1]}***"


def open_link(app: App, token: str) -> Visited:
    """Return whose page a link opens; InvalidToken when it is old or used up."""
    with app.database.reading() as tx:
        _, person = _owner(app, tx, token)
    return Visited(person, token)


def save_preferences(
    app: App, token: str, wanted: Mapping[str, Wanted], language: str, ip: str = ""
) -> Visited:
    """Write what a reader wants; the link is used up, the next one comes back."""
    with app.database.transaction() as tx:
        ask, person = _owner(app, tx, token)
        if not asks.use(tx, ask):
            raise InvalidToken
        for slug, wish in wanted.items():
            app.newsletter(slug)
            if wish.density not in DENSITIES:
                raise WrongState("there is no such density")
            _save_one(app, tx, person, slug, wish, consent.cut_ip(ip))
        check_language(app, language, person.language)
        subscribers.edit(tx, person.id, {"language": clean(language)})
        person = subscribers.get(tx, person.id)
    return Visited(person, numbers_token(app.keys, MANAGE, ask.id, ask.used + 1))


def erase_by_link(app: App, token: str) -> None:
    """Delete all that is known of the reader whose page it is."""
    visited = open_link(app, token)
    erase_subscriber(app, visited.person.email)


def _owner(app: App, tx: Transaction, token: str) -> tuple[Ask, Subscriber]:
    ask_id, used = read_numbers(app.keys, MANAGE, token)
    try:
        ask = asks.find(tx, ask_id)
        person = asks.owner(tx, ask)
    except NotFound as error:
        raise InvalidToken from error
    if ask.used != used or not ask.mailed_at or app.now() - ask.mailed_at > LINK_FOR:
        raise InvalidToken
    return ask, person


def _save_one(
    app: App, tx: Transaction, person: Subscriber, slug: str, wish: Wanted, network: str
) -> None:
    mine = next((s for s in person.subscriptions if s.newsletter == slug), None)
    if mine is None and not wish.on:
        return
    now = app.now()
    if mine is None:
        public_id = make_public_id(secrets.token_bytes(8))
        mine = subscribers.subscribe(tx, person.id, slug, public_id, now)
    before = subscribers.by_public_id(tx, mine.public_id, to_change=True)
    after = _joined(before, app) if wish.on else consent.end(before, now)
    if after != before:
        subscribers.set_state(tx, after, "preferences page", now, ip=network)
    if wish.on:
        muted = tuple(sorted(filter(None, map(clean, wish.muted))))
        subscribers.prefer(tx, mine.id, muted, wish.density)


def _joined(before: Subscription, app: App) -> Subscription:
    """Return it active: the link came to their own mailbox, which is what confirming proves."""
    if before.state is SubscriptionState.ACTIVE:
        return before
    return consent.confirm(replace(before, state=SubscriptionState.PENDING), app.now())
