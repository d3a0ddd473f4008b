"""What one reader wants, as the page behind their own link shows it and takes it."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from digest.app import App
from digest.audience import consent
from digest.audience.tokens import make_public_id
from digest.errors import WrongState
from digest.membership.joining import ask_by_mail
from digest.membership.people import check_density, check_language, check_timezone, tidy
from digest.model import Subscriber, SubscriptionState
from digest.store import Transaction, editions, subscribers

_REMEMBER = 8  #: editions whose categories can be muted


@dataclass(frozen=True, slots=True)
class Wish:
    """How a reader wants one newsletter."""

    newsletter: str
    title: str
    state: SubscriptionState | None  #: None: they never asked for it
    muted: tuple[str, ...] = ()
    density: str = ""  #: empty: the newsletter's
    categories: tuple[str, ...] = ()  #: what can be muted


@dataclass(frozen=True, slots=True)
class Preferences:
    """All that one reader may choose."""

    email: str  #: to be masked on a page: the link may have been passed on
    language: str  #: empty: the publication's
    timezone: str  #: empty: the publication's
    wishes: tuple[Wish, ...]  #: one for each newsletter, in the config's order


def preferences(app: App, public_id: str) -> Preferences:
    """Return what the reader behind a link has chosen; NotFound when there is none."""
    known_of = categories(app)
    with app.database.reading() as tx:
        person = subscribers.owner_of(tx, public_id)
        mine = {s.newsletter: s for s in person.subscriptions}
        wishes = []
        for slug, newsletter in app.settings.newsletters.items():
            found, known = mine.get(slug), known_of[slug]
            if found is None:
                wishes.append(Wish(slug, newsletter.title, None, categories=known))
                continue
            every = tuple(dict.fromkeys((*known, *found.muted)))
            wish = Wish(slug, newsletter.title, found.state, found.muted, found.density, every)
            wishes.append(wish)
    return Preferences(person.email, person.language, person.timezone, tuple(wishes))


def categories(app: App) -> dict[str, tuple[str, ...]]:
    """Return what can be muted of each newsletter: its sections as configured, else as lately."""
    with app.database.reading() as tx:
        return {slug: _categories(tx, app, slug) for slug in app.settings.newsletters}


def _categories(tx: Transaction, app: App, slug: str) -> tuple[str, ...]:
    rules = app.newsletter(slug).sections
    if rules != "auto":
        return tuple(rule.category for rule in rules)
    sent = editions.last_sent(tx, slug, app.now(), _REMEMBER)
    return tuple(sorted({s.category for e in sent for s in e.sections if s.category}))


def set_preferences(
    app: App,
    public_id: str,
    *,
    wanted: Collection[str] | None = None,
    muted: Mapping[str, Collection[str]] | None = None,
    density: Mapping[str, str] | None = None,
    language: str | None = None,
    timezone: str | None = None,
    origin: str = "preference page",
    ip: str = "",
) -> list[str]:
    """Write what the reader behind a link chose; what is None stays. Return what went wrong.

    `wanted` are all newsletters they want, `muted` and `density` go by newsletter. One that is not
    wanted any more ends at once. One that is wanted anew is pending and asked for by mail: a link
    that was passed on must not subscribe anybody. WrongState for a value there is not.
    """
    muted, density = muted or {}, density or {}
    for value in density.values():
        check_density(value)
    check_timezone(timezone or "")
    check_language(language or "")
    given = {"language": language, "timezone": timezone}
    with app.database.transaction() as tx:
        person = subscribers.owner_of(tx, public_id)
        values = {name: value for name, value in given.items() if value is not None}
        if values:
            subscribers.edit(tx, person.id, values)
        for mine in person.subscriptions:
            if mine.newsletter in muted or mine.newsletter in density:
                quiet = tidy(muted.get(mine.newsletter, mine.muted))
                want = density.get(mine.newsletter, mine.density)
                subscribers.prefer(tx, mine.id, quiet, want)
        if wanted is not None:
            _leave(tx, app, person, wanted, origin, ip)
    return _join(app, person, wanted or (), origin, ip)


def _leave(
    tx: Transaction, app: App, person: Subscriber, wanted: Collection[str], origin: str, ip: str
) -> None:
    for mine in person.subscriptions:
        if mine.newsletter not in wanted and mine.newsletter in app.settings.newsletters:
            before = subscribers.by_public_id(tx, mine.public_id, to_change=True)
            after = consent.end(before, app.now())
            if after != before:
                seen = consent.cut_ip(ip)
                subscribers.set_state(tx, after, origin, app.now(), ip=seen)


def _join(app: App, person: Subscriber, wanted: Collection[str], origin: str, ip: str) -> list[str]:
    """Ask by mail about every newsletter that is wanted and not had."""
    notes = []
    had = {s.newsletter for s in person.subscriptions if s.state is not SubscriptionState.ENDED}
    for slug in (slug for slug in wanted if slug not in had):
        app.newsletter(slug)
        if person.suppressed:
            raise WrongState(f"{person.email} is suppressed ({person.suppressed.value})")
        now = app.now()
        with app.database.transaction() as tx:
            public_id = make_public_id(secrets.token_bytes(8))
            before = subscribers.subscribe(tx, person.id, slug, public_id, now)
            asked = consent.ask(before, now)
            subscribers.set_state(tx, asked, origin, now, ip=consent.cut_ip(ip))
        notes.append(ask_by_mail(app, person.email, asked))
    return [note for note in notes if note]
