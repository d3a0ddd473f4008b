"""What every page of the desk shares: a route, what was asked, how it is answered."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment
from starlette.datastructures import FormData, UploadFile

from digest.app import App
from digest.errors import NotFound
from digest.store.admins import Admin
from digest.web.admin.accounts import ROLES, form_token

PREFIX, COOKIE, SAID = "/admin", "digest_desk", "digest_said"
#: The least role a route asks for; anyone: the log in itself, and static files.
ANYONE, EDITOR, OWNER = "", *ROLES
PAGE = 50  #: rows of a list
_RECENT = timedelta(minutes=1)
Counted = TypeVar("Counted")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",  # with none at all, forms would name no Origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Recent:
    """What was counted not long ago: a million rows take longer than a page may."""

    def __init__(self, app: App) -> None:
        self._now = app.now
        self._kept: dict[str, tuple[datetime, Any]] = {}

    def get(self, key: str, count: Callable[[], Counted]) -> Counted:
        """Return what was counted under a key, counted anew after a minute."""
        now, kept = self._now(), self._kept.get(key)
        if kept is None or now - kept[0] > _RECENT:
            kept = (now, count())
            fresh = {k: v for k, v in self._kept.items() if now - v[0] <= _RECENT}
            self._kept = fresh | {key: kept}
        counted: Counted = kept[1]
        return counted


@dataclass
class Ask:
    """One request of somebody who is logged in, with what answers it."""

    app: App
    pages: Environment
    request: Request
    recent: Recent
    admin: Admin | None
    token: str = ""  #: the session's cookie
    form: FormData = field(default_factory=FormData)
    did: str = ""  #: for the log: what was done, when it is not what the route says
    about: str = ""  #: for the log: to what

    @property
    def by(self) -> str:
        """Return who asks."""
        return self.admin.name if self.admin else ""

    @property
    def is_live(self) -> bool:
        """Say whether the page's script asks, for a part of the page."""
        return "hx-request" in self.request.headers

    def path(self, name: str) -> str:
        """Return a part of the address."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """Return a part of the address that is a number."""
        text = self.path(name)
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise NotFound("There is no such page.")
        return int(text)

    def query(self, name: str, otherwise: str = "") -> str:
        """Return a parameter of the address."""
        return self.request.query_params.get(name, otherwise).replace("\0", "")

    @property
    def skip(self) -> int:
        """Return how many rows of a list to pass over."""
        text = self.query("skip")
        return int(text) if re.fullmatch(r"[0-9]{1,7}", text) else 0

    def text(self, name: str) -> str:
        """Return a field of the form."""
        value = self.form.get(name, "")
        return value.strip().replace("\0", "") if isinstance(value, str) else ""

    def file(self, name: str) -> UploadFile | None:
        """Return a file of the form."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def page(self, name: str, status: int = 200, /, **values: object) -> HTMLResponse:
        """Show a page."""
        said = self.request.cookies.get(SAID, "")
        given = {
            "publication": self.app.settings.publication,
            "admin": self.admin,
            "is_owner": self.admin is not None and self.admin.role == OWNER,
            "form_token": form_token(self.app, self.token) if self.token else "",
            "at": self.request.url.path,
            "said": said,
            "local": self.local,
        }
        answer = HTMLResponse(self.pages.get_template(name).render(given | values), status)
        if said:
            answer.delete_cookie(SAID, path=PREFIX)
        return answer

    def local(self, moment: datetime | None) -> str:
        """Return a moment in the publication's time."""
        return f"{moment.astimezone(self.app.settings.zone):%a %d %b %Y, %H:%M}" if moment else ""

    def back(self, path: str, said: str = "") -> Response:
        """Show a page anew after something was done, with a word about it."""
        answer = RedirectResponse(PREFIX + path, 303)
        if said:
            words = quote(said[:300], safe="")
            answer.set_cookie(SAID, words, 60, path=PREFIX, httponly=True, samesite="strict")
        return answer


Act = Callable[[Ask], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """An address of the desk: who may ask for it, and what answers."""

    method: str
    path: str
    role: str  #: the least there is: anyone, editor, owner
    act: Act
    what: str = ""  #: for the log; a route that changes nothing has none

    def lets(self, admin: Admin | None) -> bool:
        """Say whether somebody may ask for it."""
        ranks: Mapping[str, int] = {ANYONE: 0, EDITOR: 1, OWNER: 2}
        return ranks[admin.role if admin else ANYONE] >= ranks[self.role]
