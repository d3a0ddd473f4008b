"""Public pages: unsubscribe, confirm, view in browser, health. Nothing changes on a GET."""

import re
from collections.abc import Callable
from datetime import date

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool

from digest import membership, pipeline
from digest.app import App
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE
from digest.text import TOKEN

_FOR_EVER = "public, max-age=31536000, immutable"
Page = Callable[..., HTMLResponse]


def add_public(site: FastAPI, app: App, page: Page) -> None:
    """Add the public routes."""
    _add_unsubscribe(site, app, page)
    _add_confirm(site, app, page)
    _add_reading(site, app, page)


def _add_unsubscribe(site: FastAPI, app: App, page: Page) -> None:
    @site.api_route("/u/{token}", methods=["GET", "HEAD"])
    def ask(token: str) -> HTMLResponse:
        """Show one button; scanners that follow links change nothing."""
        subscription = membership.subscription_for(app, UNSUBSCRIBE, token)
        title = membership.title_of(app, subscription)
        return page("unsubscribe.html", newsletter=title)

    @site.post("/u/{token}")
    def act(token: str) -> HTMLResponse:
        """End the subscription at once: our button and RFC 8058 one-click alike."""
        subscription = membership.unsubscribe(app, token, "unsubscribe page or one-click")
        title = membership.title_of(app, subscription)
        return page(
            "message.html", title="You are unsubscribed", text=f"You no longer get {title}."
        )


def _add_confirm(site: FastAPI, app: App, page: Page) -> None:
    @site.api_route("/c/{token}", methods=["GET", "HEAD"])
    def ask(token: str) -> HTMLResponse:
        """Show one button."""
        subscription = membership.subscription_for(app, CONFIRM, token)
        title = membership.title_of(app, subscription)
        return page("confirm.html", newsletter=title)

    @site.post("/c/{token}")
    def act(token: str) -> HTMLResponse:
        """Make the subscription active; doing it twice is fine."""
        subscription = membership.confirm(app, token)
        title = membership.title_of(app, subscription)
        return page("message.html", title="You are subscribed", text=f"You will get {title}.")


def _add_reading(site: FastAPI, app: App, page: Page) -> None:
    @site.api_route("/editions/{newsletter}/{day}", methods=["GET", "HEAD"])
    def read(newsletter: str, day: date) -> HTMLResponse:
        """Show a published edition, without anyone's token."""
        html = pipeline.published_html(app, newsletter, day)
        return HTMLResponse(re.sub(f"/u/[A-Za-z0-9]{TOKEN}", "/unsubscribe", html))

    @site.api_route("/images/{name}", methods=["GET", "HEAD"])
    def picture(name: str) -> FileResponse:
        """Show a local copy, whose name says its bytes: it never changes."""
        path, kind = pipeline.image_file(app, name)
        return FileResponse(path, media_type=kind, headers={"Cache-Control": _FOR_EVER})

    @site.api_route("/unsubscribe", methods=["GET", "HEAD"])
    def how() -> HTMLResponse:
        """Say how to leave: this page knows nobody."""
        text = "Every mail has its own link at the end. Open it from the mail you got."
        return page("message.html", title="Unsubscribe", text=text)

    @site.api_route("/healthz", methods=["GET", "HEAD"])
    async def health() -> JSONResponse:
        """Say whether the database answers."""
        facts = await run_in_threadpool(pipeline.health, app)
        return JSONResponse(facts, 200 if facts["ok"] else 503)
