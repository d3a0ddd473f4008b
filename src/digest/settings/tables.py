"""The tables of config.toml: every key, its type, its default and its check."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    model_validator,
)

from digest.settings.ranking import Ranking
from digest.settings.theme import Theme
from digest.settings.values import (
    Language,
    Line,
    Mailbox,
    Network,
    Rate,
    Slug,
    Span,
    SpanOrNone,
    Table,
    WebUrl,
    When,
    Zone,
)
from digest.slots import FIRST_ZONE, Schedule, parse_schedule


class Publication(Table):
    """The outlet: name, site, postal address, sender."""

    name: Annotated[Line, Field(min_length=1)]
    url: WebUrl
    language: Language = "en"
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
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    robots: Literal["noindex", "index"] = "noindex"
    secret_file: str = "digest.key"
    secret: SecretStr = SecretStr("")
    upload_mb: Annotated[int, Field(ge=1, le=2_000)] = 200


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
    rate: Rate = ""
    warm_up: SpanOrNone = timedelta()
    on_uncertain: Literal["resend", "hold"] = "resend"
    smtp: Smtp = Smtp()
    folder: Folder = Folder()
    ses: Ses = Ses()
    dkim: Dkim = Dkim()


class Notices(Table):
    """Who is told when something needs a person."""

    to: tuple[Mailbox, ...] = ()
    webhook: SecretStr = SecretStr("")
    command: str = ""
    transport: Literal["", "smtp", "folder", "memory"] = ""
    smtp: Smtp = Smtp()


class Fetch(Table):
    """What the fetcher may reach."""

    allow_networks: tuple[Network, ...] = ()


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
    schedule: When = "monday 07:30"
    window: Span = timedelta(days=7)
    top_stories: Annotated[int, Field(ge=1, le=50)] = 7
    sections: Sections = "auto"
    minimum_stories: Annotated[int, Field(ge=1)] = 3
    thin_week: Literal["hold", "widen", "skip"] = "hold"
    approval: Literal["automatic", "required"] = "automatic"
    draft_lead: Span = timedelta(hours=24)
    content_cutoff: SpanOrNone = timedelta()
    catch_up: Span = timedelta(hours=24)
    expected_by: Span = timedelta(hours=24)
    reader_time: bool = False
    not_from: tuple[Slug, ...] = ()
    skip_dates: tuple[date, ...] = ()
    audience: Line = ""
    max_variants: Annotated[int, Field(ge=1, le=100)] = 8
    replay_latest: bool = False
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

    def slot_zone(self, slug: str) -> ZoneInfo:
        """Return where a newsletter's slots are reckoned: the zone its first readers live in."""
        return FIRST_ZONE if self.newsletters[slug].reader_time else self.zone
