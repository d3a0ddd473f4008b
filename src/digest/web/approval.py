"""The page where one draft is approved, behind a signed link: a GET shows it, a POST approves."""

from collections.abc import Callable

from fastapi import FastAPI, Form
from fastapi.responses import HTMLResponse

from digest import pipeline
from digest.app import App

Page = Callable[..., HTMLResponse]


def add_approval(site: FastAPI, app: App, page: Page) -> None:
    """Add the routes."""

    @site.api_route("/a/{token}", methods=["GET", "HEAD"])
    def show(token: str) -> HTMLResponse:
        """Show the proof with its findings and its hash, and one button."""
        looked = pipeline.proof(app, pipeline.to_approve(app, token))
        html, found = pipeline.shown_html(app, looked), pipeline.found_lines(looked)
        return page("approval.html", edition=looked.edition, looked=looked, html=html, found=found)

    @site.post("/a/{token}")
    def approve(token: str, sha256: str = Form()) -> HTMLResponse:
        """Approve what was shown; a draft that has changed since is not approved."""
        edition = pipeline.to_approve(app, token)
        approved = pipeline.approve_edition(app, edition, seen=sha256)
        text = f"{approved.key} goes out at its time. sha256 {approved.sha256}"
        return page("message.html", title="Approved", text=text)
