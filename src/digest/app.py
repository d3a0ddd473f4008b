"""The real things behind each role: the only place where they are put together."""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digest.audience.address import Address, address_digest
from digest.audience.tokens import Keys
from digest.errors import BadFilter, ConfigError, Locked, NotFound
from digest.settings import Located, Mail, Newsletter, Settings, load_settings
from digest.store import Database, instance

if TYPE_CHECKING:
    from digest.deliver.dkim import Signer
    from digest.deliver.lanes import Lanes, Loop
    from digest.deliver.transports.base import Transport
    from digest.ingest.apart import Apart
    from digest.ingest.http import Fetcher
    from digest.ingest.limits import Limits
    from digest.language import Speech
    from digest.preflight.rules.base import Lookup
    from digest.render import Renderer

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class App:
    """Settings, database and clock, and how to open what talks to the outside."""

    settings: Settings
    folder: Path  #: where config.toml lies; relative paths start here
    database: Database
    keys: Keys
    now: Clock = system_clock
    limits: "Limits | None" = None  #: of a fetch; None: the usual ones
    dns: "Lookup | None" = None  #: answers for the DNS; None: the system's resolver

    @cached_property
    def renderer(self) -> "Renderer":
        """Return the renderer, with the outlet's own templates before ours."""
        from digest.render import Renderer

        return Renderer(templates_of(self.folder))

    @cached_property
    def speech(self) -> "Speech":
        """Return how the publication speaks."""
        from digest.language import speech

        return speech(templates_of(self.folder), self.settings.publication.language)

    @cached_property
    def apart(self) -> "Apart":
        """Return the process that reads what was fetched; who is done with it closes it."""
        from digest.ingest.apart import Apart

        return Apart()

    def open_transport(self, mail: Mail | None = None) -> "Transport":
        """Open one transport, at most one connection; the caller closes it.

        It is that of `mail`, else of the settings. Locked when the database is a copy.
        """
        from digest.deliver.dkim import Signed
        from digest.deliver.transports import TRANSPORTS

        self.require_unlocked()
        mail = mail or self.settings.mail
        opened = TRANSPORTS[mail.transport](self._with_folder(mail))
        return Signed(opened, self.signers) if self.signers else opened

    def open_lanes(self, loop: "Loop") -> "Lanes":
        """Open the ways out for many messages, which come signed; the caller closes them.

        Locked when the database is a copy.
        """
        from digest.deliver.transports import lanes_for

        self.require_unlocked()
        return lanes_for(self._with_folder(self.settings.mail), loop)

    @cached_property
    def signers(self) -> "tuple[Signer, ...]":
        """Return what signs each message with DKIM; nothing when the relay does."""
        from digest.deliver.dkim import load_signers

        return load_signers(self.settings.mail.dkim, self.folder)

    def require_unlocked(self, *, looking: bool = False) -> None:
        """Raise Locked for a copy or a restored database (P7); `looking` writes nothing."""
        fresh = "" if looking else secrets.token_hex(16)
        reason = instance.why_locked(self.database, self.instance_file, fresh)
        if reason:
            raise Locked(
                f"{self.database.name}: nothing is sent: {reason}. If this is the database that "
                "shall send from now on, run `digest db unlock`"
            )

    @property
    def instance_file(self) -> Path:
        """Return the file that tells the database from a copy."""
        given = self.settings.database.instance_file
        if not given and self.database.is_sqlite:
            return Path(f"{self.database.name}.instance")
        return self.folder / (given or "digest.instance")

    @property
    def results_file(self) -> Path:
        """Return the file for results the database could not take."""
        return self.instance_file.with_suffix(".results")

    def open_fetcher(self) -> "Fetcher":
        """Open the fetcher; the caller closes it."""
        from digest.ingest.http import Fetcher

        return Fetcher(self.settings.fetch, limits=self.limits)

    @property
    def lookup(self) -> "Lookup":
        """Return what asks the DNS."""
        from digest.preflight.dns import system_lookup

        return self.dns or system_lookup

    def newsletter(self, slug: str) -> Newsletter:
        """Return a newsletter's settings; NotFound names those there are."""
        found = self.settings.newsletters.get(slug)
        if found is None:
            there = ", ".join(self.settings.newsletters)
            raise NotFound(f"there is no newsletter {slug!r} in the config; there is: {there}")
        return found

    def reread(self, path: Path, environ: Mapping[str, str]) -> "App":
        """Return the app with the settings as they are now; database and renderer stay."""
        settings, located = load_settings(path, environ)
        refuse_unknown(settings, located)
        again = replace(self, settings=settings)
        again.__dict__["renderer"] = self.renderer
        return again

    def digest_of(self, address: Address) -> str:
        """Return the HMAC an address is suppressed by."""
        return address_digest(self.keys.addresses, address)

    def close(self) -> None:
        """Let go of the database and the processes."""
        for name in ("renderer", "apart"):
            with suppress(KeyError):
                self.__dict__[name].close()
        self.database.close()

    def _with_folder(self, mail: Mail) -> Mail:
        """Return mail settings with the folder's path made absolute."""
        path = str(self.folder / mail.folder.path)
        return mail.model_copy(update={"folder": mail.folder.model_copy(update={"path": path})})


def open_app(
    path: Path, environ: Mapping[str, str], now: Clock = system_clock, *, current: bool = True
) -> App:
    """Return the app of a config file; ConfigError lists every mistake.

    With `current` the database must be there and up to date (StoreError).
    """
    settings, located = load_settings(path, environ)
    refuse_unknown(settings, located)
    database = Database(settings.database.url, path.parent)
    if current:
        database.require_current()
    return App(settings, path.parent, database, read_keys(settings, path.parent), now)


def refuse_unknown(settings: Settings, located: Located) -> None:
    """Raise ConfigError for signals, themes, rules and keys there are not, or must stay."""
    from digest.preflight import not_eased
    from digest.rank import unknown_weights
    from digest.settings.folders import known_themes

    themes = known_themes(templates_of(located.path.parent))
    problems = []
    for slug, newsletter in settings.newsletters.items():
        for name in unknown_weights(newsletter.ranking.weights):
            key = ("newsletters", slug, "ranking", "weights", name)
            problems.append(f"{located.where(key)}: {'.'.join(key)}: there is no such signal")
        if newsletter.theme.name not in themes:
            at = ("newsletters", slug, "theme", "name")
            there = f"there is no theme {newsletter.theme.name!r}; there is {', '.join(themes)}"
            problems.append(f"{located.where(at)}: {'.'.join(at)}: {there}")
        if why_not := _filter_problem(newsletter.audience):
            to = ("newsletters", slug, "audience")
            problems.append(f"{located.where(to)}: {'.'.join(to)}: {why_not}")
        for name in set(newsletter.not_from) - (settings.newsletters.keys() - {slug}):
            but = ("newsletters", slug, "not_from")
            problems.append(
                f"{located.where(but)}: {'.'.join(but)}: no other newsletter is {name!r}"
            )
        for rule, why in not_eased(newsletter.preflight).items():
            of = ("newsletters", slug, "preflight", rule)
            problems.append(f"{located.where(of)}: {'.'.join(of)}: {why}")
    problems += _key_problems(settings, located)
    if problems:
        raise ConfigError(*problems)


def _filter_problem(expression: str) -> str:
    from digest.audience.filters import parse_filter

    try:
        parse_filter(expression)
    except BadFilter as error:
        return str(error)
    return ""


def _key_problems(settings: Settings, located: Located) -> list[str]:
    if not settings.mail.dkim.domain:
        return []
    from digest.deliver.dkim import load_signers
    from digest.errors import RenderError

    try:
        load_signers(settings.mail.dkim, located.path.parent)
    except (ConfigError, RenderError) as error:
        return [f"{located.where(('mail', 'dkim'))}: mail.dkim: {error}"]
    return []


def templates_of(folder: Path) -> tuple[Path, ...]:
    """Return the folders of templates, the outlet's own first."""
    from digest.settings.folders import default_theme

    own = folder / "templates" / "email"
    return (own, default_theme()) if own.is_dir() else (default_theme(),)


def read_keys(settings: Settings, folder: Path) -> Keys:
    """Return the keys that sign links, from the settings or the secret file."""
    given = settings.web.secret.get_secret_value()
    path = folder / settings.web.secret_file
    try:
        text = given or path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: the key that signs links is missing. A new outlet gets one from "
            "`digest init`; otherwise restore it from the backup, because a new key ends every "
            "link in mails already sent"
        ) from error
    try:
        return parse_keys(text)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_keys(text: str) -> Keys:
    """Return the keys of a secret file: one secret, or a line `ID SECRET` for each.

    New links are signed with the last; the others still open the mails already sent. The first,
    or the one called `addresses`, hides suppressed addresses and must stay.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and len(lines[0]) == 1:
        lines = [["0", *lines[0]]]
    if not lines or any(len(line) != 2 for line in lines):
        raise ConfigError("write a line `ID SECRET` for each key that signs links")
    found = {name: secret.encode() for name, secret in lines}
    if len(found) < len(lines) or any(len(secret) < 32 for secret in found.values()):
        raise ConfigError("a key that signs links has less than 32 characters, or its ID twice")
    addresses = found.pop("addresses", b"")
    if not found:
        raise ConfigError("the key that signs links is missing")
    return Keys(list(found)[-1], found, addresses)


def make_key_file(path: Path) -> bool:
    """Write a new random key that only its owner may read; False when there is one already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    return True
