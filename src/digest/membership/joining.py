"""People come in: added, asked by mail, confirmed, welcomed; also with a changed address."""

import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from digest.app import App, templates_of
from digest.audience import consent
from digest.audience.address import Address, parse_address
from digest.audience.choices import choice_of, chooser, nearest
from digest.audience.filters import parse_filter
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE, make_public_id, make_token, read_token
from digest.deliver.head import head_for
from digest.deliver.message import plain_message
from digest.errors import DeliveryError, NotFound, TransportDown, WrongState
from digest.model import Subscription, SubscriptionState
from digest.store import Transaction, editions, replay, subscribers, suppressions, variants
from digest.store import consent as log

Change = Callable[[Subscription, datetime], Subscription]


@dataclass(frozen=True, slots=True)
class Added:
    """What adding a subscriber did."""

    email: str
    newsletter: str
    outcome: str  #: active | unchanged | pending
    note: str = ""


def add_subscriber(
    app: App,
    email: str,
    newsletter: str,
    *,
    confirmed: bool = False,
    name: str = "",
    by: str = "",
    words: str = "",
) -> Added:
    """Add a person to a newsletter; without `confirmed` they get a mail and must confirm.

    WrongState for a suppressed address, and for marking someone confirmed who left: only they
    can come back, by confirming themselves. `words` is what they agreed to.
    """
    app.newsletter(newsletter)
    address = parse_address(email)
    with app.database.transaction() as tx:
        before = subscribe(tx, app, address, newsletter, name)
        if before.state is SubscriptionState.ACTIVE:
            return Added(address.email, newsletter, "unchanged")
        if confirmed:
            _refuse_return(address.email, before)
            active = consent.confirm(before, app.now())
            origin = "confirmed by command"
            subscribers.set_state(tx, active, origin, app.now(), by=by, words=words)
            _replay(tx, app, active)
            return Added(address.email, newsletter, "active")
        asked = consent.ask(before, app.now())
        origin = "added by command"
        subscribers.set_state(tx, asked, origin, app.now(), by=by, words=words)
    return Added(address.email, newsletter, "pending", ask_by_mail(app, address.email, asked))


def subscribe(
    tx: Transaction, app: App, address: Address, newsletter: str, name: str
) -> Subscription:
    """Return the subscription of an address, added with the person; WrongState when suppressed."""
    now = app.now()
    digest = app.digest_of(address)
    reason = suppressions.suppression(tx, digest)
    if reason:
        raise WrongState(f"{address.email} is suppressed ({reason.reason.value})")
    person = subscribers.add(tx, address.email, address.key, digest, name, now)
    public_id = make_public_id(secrets.token_bytes(8))
    return subscribers.subscribe(tx, person.id, newsletter, public_id, now)


def _refuse_return(email: str, before: Subscription) -> None:
    """Refuse to bring back by hand who left: also while they are asked whether they come back."""
    if before.ended_at:
        raise WrongState(
            f"{email} left {before.newsletter} on {before.ended_at:%Y-%m-%d}; only they "
            "can come back: add them without --confirmed and they are asked"
        )


def confirm_by_hand(app: App, email: str, newsletter: str, words: str, by: str) -> Subscription:
    """Make a pending subscription active on a stated basis; WrongState for who left."""
    address = parse_address(email)
    with app.database.transaction() as tx:
        person = subscribers.find(tx, address.key)
        if person.suppressed:
            raise WrongState(f"{person.email} is suppressed ({person.suppressed.value})")
        mine = next((s for s in person.subscriptions if s.newsletter == newsletter), None)
        if mine is None:
            raise NotFound(f"{person.email} is not subscribed to {newsletter}")
        before = subscribers.by_public_id(tx, mine.public_id, to_change=True)
        if before.state is not SubscriptionState.ACTIVE:
            _refuse_return(person.email, before)
        after = consent.confirm(before, app.now())
        if after != before:
            origin = "confirmed by command"
            subscribers.set_state(tx, after, origin, app.now(), words=words, by=by)
            _replay(tx, app, after)
    return after


def change_address(app: App, email: str, to: str, by: str) -> list[str]:
    """Give a person another address: it must be confirmed before anything goes there.

    The old address gets nothing more, not even of an edition that is going out. Returns what could
    not be sent.
    """
    old, new = parse_address(email), parse_address(to)
    asked = []
    with app.database.transaction() as tx:
        person = subscribers.find(tx, old.key)
        if suppressions.suppression(tx, app.digest_of(new)) or person.suppressed:
            raise WrongState("a suppressed address is not changed, nor one changed to it")
        if new.key != old.key and subscribers.by_keys(tx, [new.key]):
            raise WrongState(f"{new.email} is one of the subscribers already")
        values = {"email": new.email, "email_key": new.key, "address_digest": app.digest_of(new)}
        subscribers.edit(tx, person.id, values)
        for mine in person.subscriptions:
            if mine.state is not SubscriptionState.ENDED:
                # links that went to the old address must not confirm the new one
                public_id = make_public_id(secrets.token_bytes(8))
                asked.append(replace(consent.ask(mine, app.now()), public_id=public_id))
                subscribers.set_state(tx, asked[-1], "address changed", app.now(), by=by)
                log.move(tx, asked[-1], new.email, app.digest_of(new), app.now())
    return [note for each in asked if (note := ask_by_mail(app, new.email, each))]


def confirm(app: App, text: str, ip: str = "") -> Subscription:
    """Make the subscription of a confirmation link active; idempotent. A first time is greeted."""
    before = subscription_for(app, CONFIRM, text)
    origin = "confirmation page"
    after, changed = changed_by_link(app, before.public_id, consent.confirm, origin, ip)
    if changed:
        _welcome(app, after)
        with app.database.transaction() as tx:
            _replay(tx, app, after)
    return after


def changed_by_link(
    app: App, public_id: str, change: Change, origin: str, ip: str = ""
) -> tuple[Subscription, bool]:
    """Change the subscription a link names; say whether it changed."""
    now = app.now()
    with app.database.transaction() as tx:
        current = subscribers.by_public_id(tx, public_id, to_change=True)
        after = change(current, now)
        if after != current:
            seen = consent.cut_ip(ip)
            subscribers.set_state(tx, after, origin, now, ip=seen)
    return after, after != current


def subscription_for(app: App, purpose: str, text: str) -> Subscription:
    """Return the subscription a link names; InvalidToken or NotFound when it names none."""
    public_id = read_token(app.keys, purpose, text)
    with app.database.reading() as tx:
        return subscribers.by_public_id(tx, public_id)


def title_of(app: App, subscription: Subscription) -> str:
    """Return the title of a subscription's newsletter, also of one no longer in the config."""
    found = app.settings.newsletters.get(subscription.newsletter)
    return found.title if found else subscription.newsletter


def ask_by_mail(app: App, email: str, asked: Subscription) -> str:
    """Send the mail with the confirmation link; return why it could not be sent, or ""."""
    link = _link(app, CONFIRM, asked)
    return send_mail(app, "confirm", email, asked.newsletter, {"confirm_url": link})


def _replay(tx: Transaction, app: App, active: Subscription) -> None:
    """Queue the latest edition for a new reader, if the newsletter does so and it is not old."""
    newsletter = app.settings.newsletters.get(active.newsletter)
    if newsletter is None or not newsletter.replay_latest:
        return
    for edition in editions.last_sent(tx, active.newsletter, app.now(), 1):
        if edition.slot_at < app.now() - newsletter.window:
            return
        home, folders = app.settings.publication.language, templates_of(app.folder)
        choose = chooser(edition, newsletter.theme, home, folders)
        made = variants.choices(tx, edition.id)
        if not made:
            return
        wanted = choice_of(subscribers.owner_of(tx, active.public_id), active.newsletter)
        among = parse_filter(edition.audience, app.settings.zone)
        number = nearest(choose(wanted), made)
        replay.queue_one(tx, edition, active.id, among, number, app.now())


def _welcome(app: App, active: Subscription) -> None:
    """Greet who has just confirmed; that it cannot be sent harms nobody."""
    with app.database.reading() as tx:
        email = subscribers.address_of(tx, active.id)
    if active.newsletter in app.settings.newsletters:
        link = _link(app, UNSUBSCRIBE, active)
        send_mail(app, "welcome", email, active.newsletter, {"unsubscribe_url": link})


def _link(app: App, purpose: str, subscription: Subscription) -> str:
    token = make_token(app.keys, purpose, subscription.public_id)
    path = "c" if purpose == CONFIRM else "u"
    return f"{app.settings.web.base_url}/{path}/{app.keys.current}{token}"


def send_mail(app: App, mail: str, email: str, slug: str, links: dict[str, str]) -> str:
    """Send a mail about a newsletter to one person; return why it could not be sent, or ""."""
    newsletter = app.newsletter(slug)
    values = {"newsletter_title": newsletter.title} | links
    rendered = app.renderer.render_mail(mail, app.settings.publication, values, newsletter.theme)
    head = head_for(app.settings, slug, 0, app.keys.current)
    name = f"{mail}.{secrets.token_hex(8)}"
    try:
        with closing(app.open_transport()) as transport:
            transport.send(plain_message(rendered, head, email, app.now(), name))
    except (DeliveryError, TransportDown) as error:
        kind = "confirmation" if mail == "confirm" else mail
        return f"the {kind} mail could not be sent: {error}"
    return ""
