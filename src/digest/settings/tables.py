"""The tables of config.toml: every key, its type, its default and its check."""

import re
from datetime import date, timedelta
from email.utils import parseaddr
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    model_validator,
)

from digest.settings.ranking import Ranking
from digest.settings.theme import Theme
from digest.settings.values import Table
from digest.slots import Schedule, parse_schedule

_DURATIONS = 'write e.g. "90m", "24h", "7d" or "2w"'
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _duration(value: Any) -> Any:
    """Read "90m", "24h", "7d" or "2w"."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; {_DURATIONS}")  # noqa: TRY004
    found = re.fullmatch(r"(\d{1,4})([mhdw])", value.strip())
    if not found or int(found[1]) == 0:
        raise ValueError(f"{value!r} is not a duration; {_DURATIONS}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _duration_or_none(value: Any) -> Any:
    return timedelta() if value == "" else _duration(value)


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f'{value!r} is not an IANA time zone such as "Europe/Berlin"')
    return value


def _schedule(value: str) -> str:
    parse_schedule(value)
    return value


def _web_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError(f'{value!r} is not a web address such as "https://news.example"')
    return value.rstrip("/")


def _mailbox(value: str) -> str:
    address = parseaddr(value)[1]
    if value and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", address):
        raise ValueError(f'{value!r} is not an address such as "Atlas <weekly@news.example>"')
    return value


def _line(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("must be one line without control characters")
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError(f'{value!r} is not a language tag such as "en" or "de-AT"')
    return value


def _rate(value: str) -> str:
    if value and not re.fullmatch(r"[1-9]\d{0,6}/[smh]", value):
        raise ValueError(
            f'{value!r} is not a rate; write e.g. "20/s" or "5000/h", or leave it empty'
        )
    return value


def _network(value: str) -> str:
    ip_network(value)
    return value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value):
        raise ValueError(f"{value!r} cannot name a newsletter; use a-z, 0-9 and _, a letter first")
    return value


Slug = Annotated[str, AfterValidator(_slug)]
Line = Annotated[str, AfterValidator(_line)]
Span = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
Mailbox = Annotated[str, AfterValidator(_line), AfterValidator(_mailbox)]


class Publication(Table):
    """The outlet: name, site, postal address, sender."""

    name: Annotated[Line, Field(min_length=1)]
    url: WebUrl
    language: Annotated[str, AfterValidator(_language)] = "en"
    timezone: Zone = "UTC"
    postal_address: Line = ""
    contact: Mailbox = ""


class Database(Table):
    """Where the data lives."""

    url: str = "sqlite:///digest.db"
    instance_file: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if not self.url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError('write "sqlite:///FILE" or "postgresql://USER@HOST/NAME"')
        return self


class Web(Table):
    """Where the pages are served, and the key that signs their links."""

    base_url: WebUrl = "http://127.0.0.1:8025"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8025
    secret_file: str = "digest.key"
    secret: SecretStr = SecretStr("")


class Smtp(Table):
    """The relay."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _clear_text_stays_home(self) -> Self:
        if self.security == "none" and self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError('security = "none" is for a relay on this machine only')
        return self


class Folder(Table):
    """The folder transport."""

    path: str = "outbox"
    maildir: bool = False


class Ses(Table):
    """Amazon SES; its keys come from the environment, as for every program of AWS."""

    region: str = ""
    endpoint_url: str = ""
    configuration_set: str = ""


class Dkim(Table):
    """Signing; most relays sign."""

    domain: Line = ""
    selector: Line = ""
    key_file: str = ""
    ed25519_selector: Line = ""
    ed25519_key_file: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        pairs = (
            (self.selector, self.key_file),
            (self.ed25519_selector, self.ed25519_key_file),
        )
        if any(bool(selector) != bool(path) for selector, path in pairs):
            raise ValueError("a selector and its key_file belong together")
        if bool(self.domain) != any(path for _, path in pairs):
            raise ValueError("domain, selector and key_file belong together")
        if len({selector for selector, path in pairs if path}) < sum(bool(p) for _, p in pairs):
            raise ValueError("the two keys need two selectors")
        return self


class Mail(Table):
    """How mail leaves."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    transport: Literal["smtp", "folder", "memory", "ses"] = "smtp"
    from_: Annotated[Mailbox, Field(alias="from", min_length=3)]
    reply_to: Mailbox = ""
    bounces: Mailbox = ""
    connections: Annotated[int, Field(ge=1, le=50)] = 4
    rate: Annotated[str, AfterValidator(_rate)] = ""
    warm_up: Annotated[timedelta, BeforeValidator(_duration_or_none)] = timedelta()
    on_uncertain: Literal["resend", "hold"] = "resend"
    smtp: Smtp = Smtp()
    folder: Folder = Folder()
    ses: Ses = Ses()
    dkim: Dkim = Dkim()


class Notices(Table):
    """Who is told when something needs a person."""

    to: tuple[Mailbox, ...] = ()


class Fetch(Table):
    """What the fetcher may reach."""

    allow_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()


class Images(Table):
    """Local copies of the pictures editions show."""

    local: bool = False
    max_bytes: Annotated[int, Field(ge=20_000, le=2_000_000)] = 150_000
    folder: str = "images"


class SectionRule(Table):
    """A category section of an edition."""

    category: Annotated[Line, Field(min_length=1)]
    stories: Annotated[int, Field(ge=1, le=30)] = 4
    title: Line = ""


def _sections_tag(value: Any) -> str:
    return "word" if isinstance(value, str) else "list"


#: A list of rules or the word "auto"; the tag makes one error of a mistake, not two.
Sections = Annotated[
    Annotated[tuple[SectionRule, ...], Tag("list")] | Annotated[Literal["auto"], Tag("word")],
    Discriminator(_sections_tag),
]


class Newsletter(Table):
    """A recurring digest."""

    title: Annotated[Line, Field(min_length=1)]
    schedule: Annotated[str, AfterValidator(_schedule)] = "monday 07:30"
    window: Span = timedelta(days=7)
    top_stories: Annotated[int, Field(ge=1, le=50)] = 7
    sections: Sections = "auto"
    minimum_stories: Annotated[int, Field(ge=1)] = 3
    thin_week: Literal["hold", "widen", "skip"] = "hold"
    approval: Literal["automatic", "required"] = "automatic"
    draft_lead: Span = timedelta(hours=24)
    catch_up: Span = timedelta(hours=24)
    skip_dates: tuple[date, ...] = ()
    audience: Line = ""
    preflight: dict[str, Literal["warning", "off"]] = {}
    ranking: Ranking = Ranking()
    theme: Theme = Theme()

    @property
    def parsed_schedule(self) -> Schedule:
        """Return the schedule as a value."""
        return parse_schedule(self.schedule)


class Settings(Table):
    """Everything config.toml and the environment say."""

    publication: Publication
    database: Database = Database()
    web: Web = Web()
    mail: Mail
    notices: Notices = Notices()
    fetch: Fetch = Fetch()
    images: Images = Images()
    newsletters: Annotated[dict[Slug, Newsletter], Field(min_length=1)]

    @property
    def zone(self) -> ZoneInfo:
        """Return the publication's time zone."""
        return ZoneInfo(self.publication.timezone)
