"""The frame of every page: headers, sizes, times, request ids, counts, a log without secrets."""

import asyncio
import logging
import re
import secrets
import time
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.web.metrics import Metrics

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
#: Put on every answer that does not say otherwise itself.
HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": CSP,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
)
#: How many bytes a request may bring and how many seconds that may take, by the start of its path;
#: the first that fits counts.
SIZES = (
    ("/api/", 2 << 20, 30),
    ("/admin/", 1 << 30, 300),  # which looks at the size itself: only an import is large
    ("/", 64 << 10, 10),
)
_HEADER_BYTES = 16 << 10
_MUCH, _LONG = "That is too much at once.", "That took too long."
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_log = logging.getLogger("digest.access")


class Frame:
    """Wraps the whole site, errors too; plain ASGI, because it runs for every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics, *, secure: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = dict(HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its limits; note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, sent = time.perf_counter(), _Sent()
        given = Headers(scope=scope)
        request_id = given.get("x-request-id", "")
        if not _ID.fullmatch(request_id):
            request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = request_id
            else:
                sent.bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._limited(scope, receive, framed, given)
        finally:
            self._note(scope, sent, time.perf_counter() - began, request_id)

    async def _limited(self, scope: Scope, receive: Receive, send: Send, given: Headers) -> None:
        _, most, seconds = next(rule for rule in SIZES if scope["path"].startswith(rule[0]))
        if sum(len(n) + len(v) for n, v in scope["headers"]) > _HEADER_BYTES:
            await _refusal(scope, 431, "The request's header is too long.")(scope, receive, send)
            return
        if "\0" in scope["path"]:
            await _refusal(scope, 404, "There is no such page.")(scope, receive, send)
            return
        length = given.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            await _refusal(scope, 413, _MUCH)(scope, receive, send)
            return
        await self._app(scope, _Body(receive, most, seconds), send)

    def _note(self, scope: Scope, sent: "_Sent", seconds: float, request_id: str) -> None:
        where, method = template_of(scope), _known_method(scope["method"])
        self._metrics.count(method, where, sent.status or 500, seconds)
        about = (method, where, sent.status or 500, sent.bytes, seconds * 1000, request_id)
        _log.info("%s %s %d %d bytes %.1f ms %s", *about)


class _Sent:
    """What was answered."""

    status = 0
    bytes = 0


class _Body:
    """A request's body within its size and its time."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._left = most
        self._until = time.monotonic() + seconds
        self._whole = False

    async def __call__(self) -> Message:
        """Return the next piece; afterwards wait for the end of the connection, without limit."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, _LONG) from error
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, _MUCH)
        self._whole = not message.get("more_body", False)
        return message


def template_of(scope: Scope) -> str:
    """Return the route's pattern, as in `/u/{token}`: the path itself may hold a secret."""
    path = getattr(scope.get("route"), "path", None)
    return "(none)" if path is None else f"{scope.get('root_path', '')}{path}"


def _known_method(method: str) -> str:
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return method if method in known else "other"


def _refusal(scope: Scope, status: int, said: str) -> Response:
    headers = {"Connection": "close"}
    if scope["path"].startswith("/api/"):
        body = {"type": "about:blank", "title": said, "status": status}
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    return PlainTextResponse(said, status, headers)
