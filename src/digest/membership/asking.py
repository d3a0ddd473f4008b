"""Wishes from the public forms: kept at once, answered by mail a little later, within limits.

Whoever sends a form learns nothing of an address: the page says the same and the same is done for
every one; what there is to say stands in the mail (T13, T14).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.app import App
from digest.audience import consent
from digest.audience.address import parse_address
from digest.audience.tokens import MANAGE, numbers_token
from digest.errors import Locked
from digest.membership.joining import ask_by_mail, send_mail, subscribe
from digest.model import Ask, Subscriber, Subscription, SubscriptionState
from digest.store import Transaction, asks, subscribers, suppressions

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_MONTH = timedelta(days=30)
PER_NETWORK = 5  #: forms an hour from one network, /24 or /64 (T13)
_PER_MONTH = 3  #: mails to one address that has not confirmed
_LINKS_A_DAY = 3  #: mails with a link to a reader's own page
CALM = 30  #: mails an hour that are never too many
_BURST = 5  #: times the mean of a week is an attack


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of the wishes."""

    mailed: int = 0
    waiting: int = 0  #: there are too many at once, or the relay is away
    problem: str = ""


def keep_ask(
    app: App, email: str, newsletter: str, *, form: str, ip: str = "", words: str = ""
) -> bool:
    """Keep a wish; False when too many came from its network within an hour.

    Without a newsletter they want a link to their own page. InvalidAddress, NotFound.
    """
    if newsletter:
        app.newsletter(newsletter)
    address, now, network = parse_address(email), app.now(), consent.cut_ip(ip, 64)
    with app.database.transaction() as tx:
        if ip and asks.from_network(tx, network, now - _HOUR) >= PER_NETWORK:
            return False
        digest = app.digest_of(address)
        asks.add(tx, Ask(now, form, address.email, digest, newsletter, network, words))
    return True


def budget(mailed_in_a_week: int) -> int:
    """Return how many mails may answer forms within an hour: the breaker of T13."""
    return max(CALM, _BURST * mailed_in_a_week // (7 * 24))


def is_busy(app: App) -> bool:
    """Say whether so many ask that mails are late."""
    with app.database.reading() as tx:
        return _left(tx, app.now()) <= 0


def answer_asks(app: App) -> Answered:
    """Answer what waits, oldest first, as far as the hour's budget goes."""
    mailed, problem = 0, ""
    try:
        app.require_unlocked()
    except Locked as error:
        problem = str(error)
    while not problem:
        with app.database.transaction() as tx:
            found = _next(app, tx)
        if found is None:
            break
        ask, person, asked = found
        problem = _answer(app, ask, person, asked)
        if problem:
            with app.database.transaction() as tx:
                asks.reopen(tx, ask)
        else:
            mailed += 1
    with app.database.reading() as tx:
        return Answered(mailed, asks.count_waiting(tx), problem)


def _left(tx: Transaction, now: datetime) -> int:
    hour = now - _HOUR
    return budget(asks.mailed(tx, now - _WEEK, hour)) - asks.mailed(tx, hour)


def _next(app: App, tx: Transaction) -> tuple[Ask, Subscriber, Subscription | None] | None:
    """Claim the next wish that gets a mail; those that get none are settled on the way."""
    now = app.now()
    left = _left(tx, now)
    while batch := asks.waiting(tx, 100):
        for ask in batch:
            if now - ask.at > _DAY:
                asks.settle(tx, ask.id, now, None)
                continue
            if left <= 0:
                return None
            known = subscribers.by_keys(tx, [parse_address(ask.email).key])
            person = next(iter(known.values()), None)
            if _may_mail(tx, ask, person, now):
                asks.settle(tx, ask.id, now, now)
                return _prepared(app, tx, ask, person)
            asks.settle(tx, ask.id, now, None)
    return None


def _may_mail(tx: Transaction, ask: Ask, person: Subscriber | None, now: datetime) -> bool:
    """Say whether an address gets another mail."""
    if suppressions.suppression(tx, ask.address_digest):
        return False
    if ask.newsletter:
        times = asks.mails_to(tx, ask.address_digest, now - _MONTH)
        return len(times) < _PER_MONTH and not (times and now - times[0] < _DAY)
    times = asks.mails_to(tx, ask.address_digest, now - _DAY)
    return person is not None and len(times) < _LINKS_A_DAY


def _prepared(
    app: App, tx: Transaction, ask: Ask, person: Subscriber | None
) -> tuple[Ask, Subscriber, Subscription | None]:
    """Make the subscription that a confirmation is about; None when a link is the answer."""
    if ask.newsletter not in app.settings.newsletters:
        return ask, person or subscribers.find(tx, parse_address(ask.email).key), None
    before = subscribe(tx, app, parse_address(ask.email), ask.newsletter, "")
    person = subscribers.find(tx, parse_address(ask.email).key)
    if before.state is SubscriptionState.ACTIVE:
        return ask, person, None
    asked = consent.ask(before, app.now())
    values = {"words": ask.words, "ip": consent.cut_ip(ask.network.partition("/")[0])}
    subscribers.set_state(tx, asked, "subscribe page", app.now(), **values)
    return ask, person, asked


def _answer(app: App, ask: Ask, person: Subscriber, asked: Subscription | None) -> str:
    """Write to the address that is stored, not to the one that was typed (T19)."""
    if asked:
        return ask_by_mail(app, person.email, asked)
    slug = ask.newsletter or next(
        (s.newsletter for s in person.subscriptions if s.newsletter in app.settings.newsletters),
        next(iter(app.settings.newsletters)),
    )
    token = numbers_token(app.keys, MANAGE, ask.id, ask.used)
    link = f"{app.settings.web.base_url}/p/{token}"
    return send_mail(app, "manage", person.email, slug, {"manage_url": link})
