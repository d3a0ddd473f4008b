"""A reader's whole way in a real browser, and every public page as anybody may see it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from starlette.routing import Match

from digest import membership, pipeline
from digest.app import App
from digest.audience.tokens import CONFIRM, MANAGE, UNSUBSCRIBE, make_token, numbers_token
from digest.model import SubscriptionState
from digest.pipeline.approval import approval_link
from digest.web import build
from tests.apps import Clock, an_app, fill
from tests.sink import Sink, running
from tests.web.site import served
from tests.web.test_own import DAILY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def here(tmp_path: Path, clock: Clock, sink: Sink) -> Iterator[tuple[App, str]]:
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port, more=DAILY)
    fill(app, readers=1)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))
    with served(app) as site:
        yield site
    app.close()


def in_last_mail(sink: Sink, path: str) -> str:
    text = sink.received[-1].content.decode().replace("=\r\n", "").replace("=3D", "=")
    return str(re.findall(rf"http://127\.0\.0\.1:\d+/{path}/[A-Za-z0-9_-]{{33}}", text)[0])


def wait_for_mails(page: "Page", sink: Sink, count: int) -> None:
    for _ in range(200):
        if len(sink.received) >= count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{len(sink.received)} of {count} mails came")


def test_subscribe_confirm_prefer_unsubscribe_undo(
    browser: "Browser", here: tuple[App, str], sink: Sink, clock: Clock
) -> None:
    app, base = here

    def mine() -> list[SubscriptionState]:
        return [
            s.state for s in membership.find_subscriber(app, "ada@reader.example").subscriptions
        ]

    sink.received.clear()
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 700})
    page = context.new_page()
    elsewhere: list[str] = []
    page.on("request", lambda r: elsewhere.append(r.url) if not r.url.startswith(base) else None)
    page.goto(f"{base}/editions")
    page.get_by_role("link", name="Subscribe").click()
    page.get_by_label("The Week at Atlas").check()
    page.get_by_label("E-mail address").fill("ada@reader.example")
    clock.move(seconds=5)
    page.get_by_role("button", name="Subscribe").click()
    assert page.get_by_role("heading").inner_text() == "Look into your mailbox"
    wait_for_mails(page, sink, 1)
    page.goto(in_last_mail(sink, "c"))
    assert mine() == [SubscriptionState.PENDING]
    page.get_by_role("button", name="Confirm subscription").click()
    assert mine() == [SubscriptionState.ACTIVE]
    wait_for_mails(page, sink, 2)
    leave = in_last_mail(sink, "u")
    page.goto(leave)
    page.get_by_role("link", name="Choose what comes instead").click()
    page.get_by_label("E-mail address").fill("ada@reader.example")
    clock.move(seconds=5)
    page.get_by_role("button", name="Send me the link").click()
    wait_for_mails(page, sink, 3)
    page.goto(in_last_mail(sink, "p"))
    page.get_by_role("checkbox", name="Sport").uncheck()
    page.get_by_label("How much of each story").first.select_option("compact")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "Saved."
    assert not page.get_by_role("checkbox", name="Sport").is_checked()
    (kept,) = membership.find_subscriber(app, "ada@reader.example").subscriptions
    assert (kept.muted, kept.density) == (("Sport",), "compact")
    page.goto(leave)
    page.get_by_role("button", name="Unsubscribe").click()
    assert mine() == [SubscriptionState.ENDED]
    page.get_by_role("button", name="Undo").click()
    assert mine() == [SubscriptionState.ACTIVE]
    assert elsewhere == []
    context.close()


def every_page(app: App) -> list[str]:
    (mine,) = membership.find_subscriber(app, "r0@reader.example").subscriptions
    membership.keep_ask(app, "r0@reader.example", "", form="1")
    membership.answer_asks(app)
    membership.add_subscriber(app, "new@reader.example", "weekly")
    (new,) = membership.find_subscriber(app, "new@reader.example").subscriptions
    draft = pipeline.draft_edition(app, "daily")
    approval = approval_link(app, draft).rpartition("/")[2]
    confirm = make_token(app.keys, CONFIRM, new.public_id)
    leave = make_token(app.keys, UNSUBSCRIBE, mine.public_id)
    own = numbers_token(app.keys, MANAGE, 1, 0)
    paths = ["/subscribe", "/subscribe/weekly", "/manage", "/unsubscribe", "/nothing", "/editions"]
    paths += ["/", "/editions/weekly", f"/a/{approval}"]
    return [*paths, f"/c/{app.keys.current}{confirm}", f"/u/{app.keys.current}{leave}", f"/p/{own}"]


#: What answers a GET beside the desk and is no page of ours, and why axe does not visit it.
NO_PAGES = {
    "/editions/{newsletter}/{day}": "a mail as it was sent: tests/render/test_browser.py",
    "/editions/{newsletter}/feed.atom": "for feed readers",
    "/editions/{newsletter}/feed.json": "for feed readers",
    "/images/{name}": "a picture",
    "/robots.txt": "for search engines",
    "/healthz": "for programs",
    "/metrics": "for programs",
    "/static": "styles",
}


def test_the_list_names_every_page_there_is(here: tuple[App, str]) -> None:
    app, _ = here
    routes = [r for r in build(app).routes if not r.path.startswith(("/admin", "/api/"))]  # type: ignore[attr-defined]
    known = {r.path for r in routes if "GET" in getattr(r, "methods", ["GET"])}  # type: ignore[attr-defined]
    seen = set()
    for path in every_page(app):
        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        seen |= {next((r.path for r in routes if r.matches(scope)[0] is Match.FULL), "")}  # type: ignore[attr-defined]
    assert known - seen == set(NO_PAGES)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_on_any_page(
    browser: "Browser", here: tuple[App, str], scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is missing"
    ).Axe()
    app, base = here
    # Our own policy keeps scripts out of the pages, also axe.
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": 375, "height": 700}, bypass_csp=True
    )
    page, passed = context.new_page(), 0
    for path in every_page(app):
        page.goto(base + path)
        _judge(axe, page, f"{path}, {scheme}")
        passed += 1
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 375, f"{path} is {wide} wide"
        small = page.evaluate(_SMALL)
        assert small == [], f"{path}: too small to touch: {small}"
    assert passed == 12
    for state in _states(page, app, base):
        _judge(axe, page, f"{state}, {scheme}")
    context.close()


def _states(page: "Page", app: App, base: str) -> Iterator[str]:
    """Lead the page to what is shown once a form was sent."""
    page.goto(f"{base}/subscribe/weekly")
    page.get_by_label("E-mail address").evaluate("e => { e.type = 'text'; e.value = 'a@b' }")
    app.now.move(seconds=5)  # type: ignore[attr-defined]
    page.get_by_role("button").click()
    page.get_by_role("alert").wait_for()
    yield "after a mistake"
    page.get_by_label("E-mail address").fill("ada@reader.example")
    app.now.move(seconds=5)  # type: ignore[attr-defined]
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Look into your mailbox").wait_for()
    yield "look into your mailbox"
    confirm, leave, own = every_page(app)[-3:]
    for path, button, said in (
        (confirm, "Confirm subscription", "You are subscribed"),
        (leave, "Unsubscribe", "You are unsubscribed"),
        (leave, "Undo", "You are subscribed"),
        (own, "Save", "Your subscription"),
    ):
        page.goto(base + path)
        page.get_by_role("button", name=button).click()
        page.get_by_role("heading", name=said).wait_for()
        yield f"{said} after {button}"


_SMALL = """() => [...document.querySelectorAll('button, select, input:not([type=hidden])')]
  .filter(e => !e.closest('.apart'))
  .map(e => [e.name || e.innerText, (e.closest('label') || e).getBoundingClientRect().height])
  .filter(([, height]) => height < 44)"""


def _judge(axe: object, page: "Page", where: str) -> None:
    found = axe.run(page)  # type: ignore[attr-defined]
    problems = [(v["id"], v["nodes"][0]["html"][:200]) for v in found.response["violations"]]
    assert problems == [], where


@pytest.mark.parametrize("method", ["open", "tab"])
def test_a_scanner_that_runs_a_browser_changes_nothing(
    browser: "Browser", here: tuple[App, str], method: str
) -> None:
    """T15: it opens every link and runs what there is to run."""
    from tests.web.test_public import everything

    app, base = here
    paths = every_page(app)
    before = everything(app)
    page = browser.new_page()
    for path in paths:
        page.goto(base + path)
        if method == "tab":
            page.keyboard.press("Tab")
            page.wait_for_timeout(50)
    page.close()
    assert everything(app) == before
