"""People go: unsubscribed, suppressed, erased, or never confirmed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from digest.app import App
from digest.audience import consent
from digest.audience.address import parse_address
from digest.audience.tokens import UNSUBSCRIBE, read_token
from digest.errors import DigestError, InvalidToken, NotFound, WrongState
from digest.membership.joining import changed_by_link, subscription_for
from digest.model import ConsentEvent, Subscription, SuppressionReason
from digest.store import asks, subscribers, suppressions
from digest.store import consent as log

BY_LINK = "unsubscribe page or one-click"


def unsubscribe(app: App, text: str, origin: str = BY_LINK, ip: str = "") -> Subscription:
    """End the subscription of an unsubscribe link at once; idempotent."""
    (ended,) = unsubscribe_all(app, [(text, ip)], origin)
    if isinstance(ended, DigestError):
        raise ended
    return ended


def unsubscribe_all(
    app: App, links: Sequence[tuple[str, str]], origin: str = BY_LINK
) -> list[Subscription | DigestError]:
    """End the subscriptions of several links with one commit: it is what takes the time.

    Each comes with the address it was opened from; the answers have the same order.
    """
    now = app.now()
    named = [_named(app, text) for text, _ in links]
    with app.database.transaction() as tx:
        found = subscribers.by_public_ids(tx, [each for each in named if isinstance(each, str)])
        seen = {name: ip for name, (_, ip) in zip(named, links, strict=True)}
        after = {name: consent.end(before, now) for name, before in found.items()}
        changed = [(s, consent.cut_ip(seen[n])) for n, s in after.items() if s != found[n]]
        subscribers.end(tx, changed, origin)
    gone = NotFound("this subscription no longer exists")
    return [after.get(each, gone) if isinstance(each, str) else each for each in named]


def _named(app: App, text: str) -> str | InvalidToken:
    try:
        return read_token(app.keys, UNSUBSCRIBE, text)
    except InvalidToken as error:
        return error


def undo_unsubscribe(app: App, text: str, ip: str = "") -> Subscription:
    """Take an unsubscribe back for a month, by the link of the mail; WrongState otherwise.

    Only what was ended by such a link: who was taken out by a person stays out.
    """
    before = subscription_for(app, UNSUBSCRIBE, text)
    if not may_undo(app, before):
        raise WrongState("This subscription was not ended here. Subscribe again.")
    return changed_by_link(app, before.public_id, consent.resume, "undo on the page", ip)[0]


def may_undo(app: App, subscription: Subscription) -> bool:
    """Say whether the reader may take the end of a subscription back."""
    with app.database.reading() as tx:
        last = log.events(tx, [subscription.id]).get(subscription.id, [])[-1:]
    try:
        consent.resume(subscription, app.now())
    except WrongState:
        return False
    return subscription.ended_at is None or bool(last and last[0].origin == BY_LINK)


def end_subscription(
    app: App, email: str, newsletter: str = "", *, by: str = ""
) -> list[Subscription]:
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
                subscribers.set_state(tx, ended[-1], "ended by command", now, by=by)
    return ended


def suppress_address(app: App, email: str, reason: SuppressionReason, note: str) -> None:
    """Mail an address no more, whoever asks for it; it need not be on the list."""
    digest = app.digest_of(parse_address(email))
    with app.database.transaction() as tx:
        suppressions.suppress(tx, digest, reason, app.now(), note)


def unsuppress_address(app: App, email: str, why: str, by: str) -> None:
    """Let an address be mailed again, with a reason in the consent log; never after a complaint.

    Who left stays out: a suppression that is lifted brings nobody back.
    """
    if not why.strip():
        raise WrongState("say why it may be mailed again: --reason")
    address = parse_address(email)
    digest = app.digest_of(address)
    with app.database.transaction() as tx:
        found = suppressions.suppression(tx, digest)
        if found is None:
            raise NotFound(f"{address.email} is not suppressed")
        if found.reason is SuppressionReason.COMPLAINED:
            raise WrongState(f"{address.email} complained; that is never taken back by hand")
        suppressions.unsuppress(tx, digest)
        people = subscribers.by_keys(tx, [address.key])
        for mine in (s for person in people.values() for s in person.subscriptions):
            event = ConsentEvent("unsuppressed", f"was {found.reason.value}", app.now(), why, by)
            log.log(tx, mine.id, event)


def erase_subscriber(app: App, email: str) -> bool:
    """Delete all that is known of a person but the HMAC that keeps the address out.

    Returns whether they were on the list; the address is suppressed either way.
    """
    address = parse_address(email)
    digest = app.digest_of(address)
    with app.database.transaction() as tx:
        suppressions.suppress(tx, digest, SuppressionReason.ASKED, app.now(), "erased")
        asks.forget_address(tx, digest)
        found = subscribers.by_keys(tx, [address.key]).get(address.key)
        if found:
            log.erase(tx, found.id, app.now())
    return found is not None


def forget_unconfirmed(app: App) -> int:
    """Forget who was asked a week ago and gave no word; return how many."""
    now: datetime = app.now()
    with app.database.transaction() as tx:
        asks.forget(tx, now - consent.RETURN_FOR, now - timedelta(days=1))
        return log.expire(tx, now - consent.PENDING_FOR, now)
