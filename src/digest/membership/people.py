"""One person is found and edited, or many are picked by an expression."""

from collections.abc import Collection, Iterable
from zoneinfo import available_timezones

from digest.app import App, templates_of
from digest.audience.address import parse_address
from digest.audience.filters import parse_filter
from digest.errors import NotFound, WrongState
from digest.language import catalogues, is_tag, spoken
from digest.model import Filter, Subscriber
from digest.settings.folders import folders_of
from digest.store import editions, subscribers
from digest.text import clean

DENSITIES = ("", "full", "compact", "headlines")
_RECENT = 4  #: editions whose sections can be left out


def find_subscriber(app: App, email: str) -> Subscriber:
    """Return one person; NotFound when the address is not on the list."""
    with app.database.reading() as tx:
        return subscribers.find(tx, parse_address(email).key)


def reading_filter(app: App, text: str) -> Filter:
    """Return an expression's tree; its days begin in the publication's zone."""
    return parse_filter(text, app.settings.zone)


def edit_subscriber(
    app: App,
    email: str,
    *,
    name: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
    tags: tuple[str, ...] | None = None,
) -> Subscriber:
    """Change what is given of a person; an empty value takes it back."""
    check_timezone(timezone or "")
    given = {"name": name, "language": language, "timezone": timezone}
    values: dict[str, object] = {k: clean(v) for k, v in given.items() if v is not None}
    if tags is not None:
        values["tags"] = tuple(dict.fromkeys(filter(None, map(clean, tags))))
    with app.database.transaction() as tx:
        person = subscribers.find(tx, parse_address(email).key)
        check_language(app, language or "", person.language)
        if values:
            subscribers.edit(tx, person.id, values)
    return find_subscriber(app, email)


def prefer(
    app: App,
    email: str,
    newsletter: str,
    *,
    muted: tuple[str, ...] | None = None,
    density: str | None = None,
) -> Subscriber:
    """Change how a reader wants a newsletter: sections they do not want, how much of each story.

    WrongState for a section there is not, unless its sections are chosen anew each time.
    """
    check_density(density or "")
    known = categories_of(app, newsletter) if muted else ()
    with app.database.transaction() as tx:
        person = subscribers.find(tx, parse_address(email).key)
        mine = next((s for s in person.subscriptions if s.newsletter == newsletter), None)
        if mine is None:
            raise NotFound(f"{person.email} is not subscribed to {newsletter}")
        quiet = mine.muted if muted is None else tidy(muted)
        strange = [name for name in quiet if name not in known and name not in mine.muted]
        if strange and app.newsletter(newsletter).sections != "auto":
            there = ", ".join(known) or "none"
            raise WrongState(f"{newsletter} has no section {strange[0]!r}; it has {there}")
        subscribers.prefer(tx, mine.id, quiet, mine.density if density is None else density)
    return find_subscriber(app, email)


def check_density(density: str) -> None:
    """Raise WrongState for a density there is not."""
    if density not in DENSITIES:
        raise WrongState(f"{density!r} is not one of {', '.join(DENSITIES[1:])}")


def check_timezone(timezone: str) -> None:
    """Raise WrongState for a time zone there is not."""
    if timezone and timezone not in available_timezones():
        raise WrongState(f"{timezone!r} is no time zone such as Europe/Berlin")


def check_language(app: App, language: str, had: str = "") -> None:
    """Raise WrongState for a language no catalogue speaks; what a file brought may stay."""
    if language in ("", had, app.settings.publication.language):
        return
    if not is_tag(language):
        raise WrongState(f"{language!r} is not a language tag such as en or de-AT")
    usual, every = templates_of(app.folder), app.settings.newsletters.values()
    folders = tuple(folder for one in every for folder in folders_of(usual, one.theme.name))
    if not spoken(folders, language):
        there = ", ".join(catalogues(folders))
        raise WrongState(f"there is no catalogue of the language {language!r}; there is {there}")


def tidy(categories: Iterable[str]) -> tuple[str, ...]:
    """Return categories cleaned, each once and in order: equal wishes are equal texts."""
    return tuple(sorted({*filter(None, map(clean, categories))}))


def categories_of(app: App, slug: str, also: Collection[str] = ()) -> list[str]:
    """Return the sections a reader may leave out: as configured, and those of late."""
    rules = app.newsletter(slug).sections
    named = [] if rules == "auto" else [rule.category for rule in rules]
    with app.database.reading() as tx:
        recent = editions.last_sent(tx, slug, app.now(), _RECENT)
    shown = sorted({s.category for e in recent for s in e.sections if s.category})
    return list(dict.fromkeys([*named, *shown, *also]))
