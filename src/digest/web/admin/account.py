"""Log in and out; one's own password and second factor."""

import secrets
from urllib.parse import quote, urlsplit

import segno
from fastapi import Response
from markupsafe import Markup

from digest.errors import NotIn, TooMany, WrongState
from digest.store.admins import Admin
from digest.web.admin import accounts
from digest.web.admin.ask import ANYONE, COOKIE, EDITOR, PREFIX, Ask, Route


def log_in_page(ask: Ask, status: int = 200, text: str = "") -> Response:
    """Show the log in, which leads back to the page that was asked for."""
    to = ask.text("to") or (ask.request.url.path if status == 401 and not ask.form else "")
    return ask.page("admin/login.html", status, to=to, text=text)


def _ask_in(ask: Ask) -> Response:
    return log_in_page(ask)


def _log_in(ask: Ask) -> Response:
    ip = ask.request.client.host if ask.request.client else ""
    try:
        token = accounts.log_in(
            ask.app, ask.text("name"), str(ask.form.get("password", "")), ask.text("code"), ip
        )
    except NotIn:
        return log_in_page(ask, 401, "Name, password or code is wrong.")
    except TooMany as error:
        return log_in_page(ask, 429, str(error))
    to = ask.text("to")
    ours = to.startswith(f"{PREFIX}/") and "\\" not in to and not urlsplit(to).netloc
    answer = ask.back(to.removeprefix(PREFIX) if ours and "/login" not in to else "")
    lasts = int(accounts.LASTS.total_seconds())
    answer.set_cookie(
        COOKIE, token, lasts, path=PREFIX, secure=_is_https(ask), httponly=True, samesite="lax"
    )
    return answer


def _is_https(ask: Ask) -> bool:
    """Say whether the cookie must not travel in clear; a proxy may be what speaks TLS."""
    base = urlsplit(ask.app.settings.web.base_url)
    behind = base.scheme == "https" and ask.request.headers.get("host") == base.netloc
    return behind or ask.request.url.scheme == "https"


def _log_out(ask: Ask) -> Response:
    accounts.log_out(ask.app, ask.token)
    answer = ask.back("/login", "You are logged out.")
    answer.delete_cookie(COOKIE, path=PREFIX)
    return answer


def _show(ask: Ask) -> Response:
    return ask.page("admin/account.html")


def _change_password(ask: Ask) -> Response:
    new = str(ask.form.get("new", ""))
    if new != ask.form.get("again"):
        raise WrongState("the new password was not typed the same twice")
    accounts.change_password(ask.app, _me(ask), str(ask.form.get("old", "")), new)
    return ask.back("/login", "Your password is changed. Log in with the new one.")


def _offer_totp(ask: Ask) -> Response:
    salt = secrets.token_hex(8)
    word = accounts.totp_word(accounts.totp_secret(ask.app, _me(ask), salt))
    issuer = quote(ask.app.settings.publication.name, safe="")
    link = f"otpauth://totp/{issuer}:{quote(ask.by, safe='')}?secret={word}&issuer={issuer}"
    # Dark on light whatever the page's colours: many cameras read no other.
    picture = segno.make(link, error="m", micro=False).svg_inline(omitsize=True, light="#fff")
    return ask.page("admin/totp.html", salt=salt, word=word, link=link, qr=Markup(picture))  # noqa: S704


def _set_totp(ask: Ask) -> Response:
    accounts.set_totp(ask.app, _me(ask), ask.text("salt")[:32], ask.text("code"))
    return ask.back("/login", "The second factor is on. Log in with a code.")


def _drop_totp(ask: Ask) -> Response:
    me = _me(ask)
    if not accounts.is_password(str(ask.form.get("old", "")), me.password):
        raise WrongState("the present password is wrong")
    accounts.set_totp(ask.app, me, "", "")
    return ask.back("/login", "The second factor is off.")


def _me(ask: Ask) -> Admin:
    if ask.admin is None:
        raise NotIn
    return ask.admin


ROUTES = (
    Route("GET", "/login", ANYONE, _ask_in),
    Route("POST", "/login", ANYONE, _log_in),
    Route("POST", "/logout", EDITOR, _log_out, "logged out"),
    Route("GET", "/account", EDITOR, _show),
    Route("POST", "/account/password", EDITOR, _change_password, "changed their password"),
    Route("POST", "/account/totp/new", EDITOR, _offer_totp),
    Route("POST", "/account/totp", EDITOR, _set_totp, "turned the second factor on"),
    Route("POST", "/account/totp/off", EDITOR, _drop_totp, "turned the second factor off"),
)
