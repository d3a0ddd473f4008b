"""The ways a notice goes out: the log, mail, a webhook, a command."""

import logging
import shlex
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from email.utils import parseaddr
from types import MappingProxyType

import httpx2

from digest.app import App
from digest.deliver.head import head_for
from digest.deliver.message import plain_message
from digest.errors import DeliveryError
from digest.model import Rendered
from digest.settings import Settings
from digest.store.notices import Notice
from digest.text import short_id

_log = logging.getLogger("digest")
_SECONDS = 20  #: a webhook or a command may take
Channel = Callable[[App, Notice, str], None]


def targets(settings: Settings) -> list[str]:
    """Return who is told: the log first, then every channel and address of the settings."""
    notices, contact = settings.notices, settings.publication.contact
    people = notices.to or ((contact,) if contact else ())
    found = ["log", *(f"mail {parseaddr(address)[1]}" for address in people)]
    found += ["webhook"] if notices.webhook.get_secret_value() else []
    return found + (["command"] if notices.command else [])


def _say(_app: App, notice: Notice, _address: str) -> None:
    facts = {"event": notice.fact.partition(":")[0], "about": notice.about}
    secret = notice.fact.startswith("draft")  # its text has a link that approves
    if notice.line:
        said = notice.line if secret else f"{notice.line}: {notice.text}"
        _log.warning("%s", said, extra={"facts": facts})


def _mail(app: App, notice: Notice, address: str) -> None:
    """Mail it, through the transport of its own if there is one."""
    settings, slug = app.settings, notice.about.partition("@")[0]
    if slug not in settings.newsletters:  # a feed, or renamed or removed since
        slug = next(iter(settings.newsletters))
    mail = settings.mail
    if settings.notices.transport:
        own = {"transport": settings.notices.transport, "smtp": settings.notices.smtp}
        mail = mail.model_copy(update=own)
    head = head_for(settings, slug, 0, app.keys.current)
    rendered = Rendered(notice.line, notice.html, f"{notice.line}.\n\n{notice.text}\n")
    name = f"notice.{notice.id}.{short_id(notice.about + notice.fact)}"
    message = plain_message(rendered, head, address, app.now(), name)
    with closing(app.open_transport(mail)) as transport:
        transport.send(message)


def _post(app: App, notice: Notice, _address: str) -> None:
    """Post it as JSON; what understands `text` alone (chat rooms) shows all of it."""
    names = ("about", "fact", "line")
    body = {name: getattr(notice, name) for name in names}
    body["text"] = f"{notice.line}\n\n{notice.text}"
    url = app.settings.notices.webhook.get_secret_value()
    try:
        answer = httpx2.post(url, json=body, timeout=_SECONDS)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise DeliveryError(f"the webhook: {error}", permanent=False) from error
    if not answer.is_success:
        raise DeliveryError(f"the webhook answers {answer.status_code}", permanent=False)


def _run(app: App, notice: Notice, _address: str) -> None:
    """Run the command, with the notice on its standard input."""
    words = shlex.split(app.settings.notices.command)
    said = f"{notice.line}\n\n{notice.text}\n"
    try:
        subprocess.run(words, input=said.encode(), timeout=_SECONDS, check=True, cwd=app.folder)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise DeliveryError(f"the command: {error}", permanent=False) from error


CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {"log": _say, "mail": _mail, "webhook": _post, "command": _run}
)
