"""What is left of a hostile article does nothing in a real browser (T2)."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from digest.ingest import read
from digest.model import Article, Document
from tests.make import NOW

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog

Corpus = Callable[[str], Path]


def cleaned(payloads: Sequence[str]) -> list[Article]:
    """Return the articles that feeds with these texts give."""
    found: list[Article] = []
    for number, payload in enumerate(payloads):
        item = {"url": f"https://news.example/{number}", "title": "x", "content_html": payload}
        feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item]}
        found += read(Document("", json.dumps(feed).encode()), now=NOW).articles
    return found


def done_by(browser: "Browser", bodies: Sequence[str]) -> list[str]:
    """Return what texts do when each is shown, and every element is pointed at and clicked."""
    told: list[str] = []
    page = browser.new_page()

    def heard(dialog: "Dialog") -> None:
        told.append(unquote(dialog.message))
        dialog.dismiss()

    page.on("dialog", heard)
    page.route("**/*", lambda route: route.abort())
    for body in bodies:
        page.set_content(f"<!doctype html><meta charset=utf-8><main>{body}</main>")
        page.evaluate(
            """() => document.querySelectorAll("main *").forEach((element) => {
                for (const name of ["mouseover", "focus", "click", "error", "load"])
                    element.dispatchEvent(new Event(name, {cancelable: true}));
            })"""
        )
        if page.evaluate("() => document.scripts.length"):
            told.append("a script")
    page.close()
    return told


def test_t2_nothing_of_the_hostile_texts_acts_in_a_browser(
    corpus: Corpus, browser: "Browser"
) -> None:
    listed = json.loads((corpus("html-xss-dompurify") / "payloads.json").read_text())
    payloads = [entry["payload"] for entry in listed]
    payloads += json.loads((corpus("naughty-strings") / "blns.json").read_text())
    bodies = [article.body for article in cleaned(payloads) if article.body]
    assert len(bodies) > 300
    assert done_by(browser, bodies) == []


def test_t2_the_browser_would_have_told(browser: "Browser") -> None:
    live = ["<img src=x onerror=alert(1)>", "<a onmouseover=alert(2)>x</a>"]
    assert set(done_by(browser, live)) == {"1", "2"}
