"""Cleaned payloads in a real browser: nothing runs, nothing asks, nothing leads elsewhere."""

import json
from typing import TYPE_CHECKING, Any

from tests.ingest.test_corpora import Corpus, body_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Route

HOME = "https://news.example/page"
EMPTY = "https://news.example/empty"
PAGE = "<!doctype html><meta charset=utf-8><title>still</title><body>"
#: Do to every element what a reader might, without following links.
TOUCH = """() => {
    for (const element of document.body.querySelectorAll("*"))
        for (const type of ["mouseover", "focus", "error", "load", "toggle", "pointerdown", "wheel",
                            "animationstart", "transitionend", "submit", "input", "paste"])
            element.dispatchEvent(new Event(type, {bubbles: true}));
}"""
#: What Chromium itself makes of the page: its own parser decides, not ours.
SEEN = """(before) => ({
    globals: Object.getOwnPropertyNames(window).filter((name) => !before.includes(name)),
    title: document.title,
    address: location.href,
    scripts: document.querySelectorAll("script, iframe, object, embed, form, style, base").length,
    handlers: [...document.body.querySelectorAll("*")].flatMap((element) =>
        element.getAttributeNames().filter((name) => name.startsWith("on"))),
    schemes: [...new Set([...document.links].map((link) => link.protocol))].sort(),
})"""


def opened(browser: "Browser", body: str) -> tuple[list[str], dict[str, Any]]:
    """Return what ran (dialogs, errors of scripts) and what the page holds after being touched."""
    page = browser.new_page()
    ran: list[str] = []

    def answer(route: "Route") -> None:
        given = {HOME: PAGE + body, EMPTY: PAGE}.get(route.request.url)
        if given is None:
            route.abort()
        else:
            route.fulfill(body=given, content_type="text/html; charset=utf-8")

    def note(dialog: "Dialog") -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.route("**/*", answer)
    page.goto(EMPTY)
    before = page.evaluate("() => Object.getOwnPropertyNames(window)")
    page.on("dialog", note)
    page.on("pageerror", lambda error: ran.append(str(error)))
    page.goto(HOME)
    page.evaluate(TOUCH)
    page.wait_for_timeout(500)  # for what a payload puts off
    seen: dict[str, Any] = page.evaluate(SEEN, before)
    page.close()
    return ran, seen


def payloads(corpus: Corpus) -> list[str]:
    given = json.loads((corpus("html-xss-dompurify") / "payloads.json").read_text())
    return [one["payload"] for one in given]


def test_no_cleaned_payload_runs_in_a_browser(corpus: Corpus, browser: "Browser") -> None:
    naughty = json.loads((corpus("naughty-strings") / "blns.json").read_text())
    bodies = [article.body for text in payloads(corpus) + naughty for article in body_of(text)]
    assert len(bodies) > 1_000
    ran, seen = opened(browser, "".join(f"<div>{body}</div>\n" for body in bodies))
    assert ran == []
    assert set(seen.pop("schemes")) <= {"http:", "https:", "mailto:"}
    still = {"title": "still", "address": HOME, "scripts": 0, "globals": [], "handlers": []}
    assert seen == still


def test_the_same_payloads_do_run_uncleaned(corpus: Corpus, browser: "Browser") -> None:
    live = [text for text in payloads(corpus) if text.startswith(("<img", "<svg"))]
    ran, seen = opened(browser, "".join(f"<div>{text}</div>\n" for text in live[:20]))
    assert ran
    assert seen["handlers"]
