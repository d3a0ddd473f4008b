"""The desk for tests: an app with a week of articles, and people who may use it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from fastapi.testclient import TestClient

from digest.app import App
from digest.store import admins
from digest.web import build
from digest.web.admin import accounts

PASSWORD = "correct horse battery"
HASHED = accounts.hash_password(PASSWORD)
BASE = "https://digest.news.example"


def an_admin(app: App, name: str = "olga", role: str = "owner") -> str:
    """Add an admin and return the cookie of a session of theirs."""
    token = secrets.token_urlsafe(32)
    with app.database.transaction() as tx:
        if admins.named(tx, name) is None:
            admins.add(tx, name, role, HASHED, app.now())
        found = admins.named(tx, name)
        assert found is not None
        ends = app.now() + timedelta(hours=12)
        admins.begin_session(tx, accounts._kept(token), found.id, app.now(), ends)
    return token


class Desk(TestClient):
    """A browser without a script: it sends the cookie, the form's token and its origin."""

    def __init__(self, app: App, cookie: str = "") -> None:
        super().__init__(build(app), base_url=BASE, follow_redirects=False)
        self.digest = app
        if cookie:
            self.cookies.set("digest_desk", cookie)
        self.form_token = accounts.form_token(app, cookie)
        self.headers["origin"] = BASE

    def submit(self, path: str, **fields: str) -> tuple[int, str]:
        """Send a form; return the status, and where it leads or the page."""
        answer = self.post(f"/admin{path}", data={"form_token": self.form_token, **fields})
        return answer.status_code, answer.headers.get("location", "") or answer.text

    def part(self, path: str, **fields: str) -> tuple[int, str]:
        """Send a form as the page's script does; return the status and the part of the page."""
        data = {"form_token": self.form_token, **fields}
        answer = self.post(f"/admin{path}", data=data, headers={"HX-Request": "true"})
        return answer.status_code, answer.text


@contextmanager
def a_desk(app: App, role: str = "owner") -> Iterator[Desk]:
    """Open the desk as somebody."""
    with Desk(app, an_admin(app, role, role)) as opened:
        yield opened
