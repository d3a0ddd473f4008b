"""In a real browser: whole jobs of an editor, by keyboard, and what axe finds on every page."""

import base64
import csv
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
import uvicorn

from digest import membership, pipeline, scheduler
from digest.app import App
from digest.model import EditionState, SubscriptionState, SuppressionReason
from digest.store import feeds
from digest.web import build
from digest.web.admin import ROUTES, accounts
from digest.web.serve import bind
from tests.apps import Clock, an_app, fill
from tests.make import NOW
from tests.sink import Sink, running
from tests.web.desk import PASSWORD
from tests.web.test_desk_routes import address

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

READERS = 40


@contextmanager
def served(app: App) -> Iterator[str]:
    """Serve the pages on a free port."""
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(build(app), access_log=False, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, sink: Sink) -> Iterator[App]:
    clock = Clock(NOW - timedelta(hours=1))
    opened = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
    fill(opened, readers=READERS)
    accounts.create_admin(opened, "olga", "owner", PASSWORD)
    yield opened
    opened.close()


@pytest.fixture
def site(app: App) -> Iterator[str]:
    with served(app) as address:
        yield address


def log_in(page: "Page", site: str) -> None:
    page.goto(f"{site}/admin")
    page.get_by_label("Name").fill("olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Home").wait_for()


def headlines(page: "Page") -> list[str]:
    return page.locator("[data-to=top] h3").all_inner_texts()


def test_from_log_in_to_the_last_reader_by_keyboard(
    browser: "Browser", app: App, site: str, sink: Sink
) -> None:
    page = browser.new_page()
    log_in(page, site)
    page.get_by_role("button", name="Build the draft").press("Enter")
    page.wait_for_selector("[data-to=top]")
    loads: list[str] = []
    page.on(
        "framenavigated", lambda frame: loads.append(frame.url) if not frame.parent_frame else None
    )
    before = headlines(page)
    first = page.locator("iframe").get_attribute("src")
    page.locator("[data-to=top] .handle").nth(2).press("ArrowUp")
    page.wait_for_function(
        "n => document.querySelectorAll('[data-to=top] h3')[1].innerText == n", arg=before[2]
    )
    assert page.evaluate("document.activeElement.id").startswith("handle-")
    page.keyboard.press("ArrowUp")
    page.wait_for_function(
        "n => document.querySelectorAll('[data-to=top] h3')[0].innerText == n", arg=before[2]
    )
    assert headlines(page) == [before[2], *before[:2], *before[3:]]
    page.locator("#done").get_by_text("place 1 of").wait_for()
    assert page.locator("iframe").get_attribute("src") != first
    mail = page.frame_locator("iframe")
    assert mail.locator("h3").first.inner_text() == before[2]
    page.get_by_role("button", name="Drop: " + before[0]).press("Enter")
    page.wait_for_function(
        "n => !document.querySelector('.stories').innerText.includes(n)", arg=before[0]
    )
    page.locator("summary", has_text="Subject and words").press("Enter")
    page.get_by_role("textbox", name="Subject", exact=True).fill("The subject an editor wrote")
    page.get_by_role("button", name="Save the words").press("Enter")
    page.get_by_role("heading", level=1, name="The subject an editor wrote").wait_for()
    page.get_by_label("375").check()
    page.wait_for_selector("iframe.w375")
    page.get_by_label("dark").check()
    page.wait_for_selector("iframe.w375.dark")
    ground = "getComputedStyle(document.querySelector('.cd')).backgroundColor"
    page.wait_for_timeout(300)
    assert page.frames[-1].evaluate(ground) == "rgb(27, 29, 32)"
    page.locator("#find").type("cyclist")
    page.locator("#found li").first.wait_for()
    assert loads == [], "a change loaded the page anew"
    page.get_by_role("link", name="Approve…").press("Enter")
    page.get_by_text(f"{READERS} readers").wait_for()
    sha = page.locator("[name=sha256]").input_value()
    page.get_by_role("button", name="Approve and send now").press("Enter")
    page.get_by_role("heading", name="Going out").wait_for()
    assert pipeline.find_edition(app, "latest").sha256 == sha
    loads.clear()
    page.get_by_role("button", name="Stop for now").press("Enter")
    page.get_by_role("heading", name="Paused").wait_for()
    page.get_by_role("button", name="Go on").press("Enter")
    page.get_by_role("heading", name="Going out").wait_for()
    thread = threading.Thread(target=scheduler.send_open_editions, args=(app, threading.Event()))
    thread.start()
    page.get_by_role("heading", name="Sent").wait_for(timeout=20_000)
    thread.join(20)
    assert page.locator("#head-state").inner_text() == "sent"
    assert f"{READERS} of {READERS} settled" in page.locator("#progress").inner_text()
    assert loads == [], "the progress loaded the page anew"
    assert len(sink.received) == READERS
    assert b"The subject an editor wrote" in sink.received[0].content
    page.goto(f"{site}/editions/weekly/2026-11-23")
    assert before[2] in page.content()
    page.close()


def test_the_keyboard_stays_where_the_editor_is(browser: "Browser", app: App, site: str) -> None:
    pipeline.draft_edition(app, "weekly")
    page = browser.new_page()
    log_in(page, site)
    page.goto(f"{site}/admin/editions/weekly@2026-11-23")
    top, done = page.locator("[data-to=top] .story"), page.locator("#done")

    def here() -> str:
        return str(page.evaluate("document.activeElement.id"))

    second, third = (top.nth(n).get_attribute("data-article") for n in (1, 2))
    top.nth(1).get_by_role("button", name="Drop").press("Enter")
    done.get_by_text("left out").wait_for()
    assert here() == f"handle-{third}"
    top.nth(1).locator("summary").press("Enter")
    top.nth(1).get_by_label("Headline").fill("By hand")
    page.keyboard.press("Enter")
    page.locator(".mark", has_text="headline edited").wait_for()
    assert here() == f"handle-{third}"
    top.nth(1).get_by_label("Move to").select_option("Sport")
    top.nth(1).get_by_role("button", name="Move", exact=True).press("Enter")
    page.locator(f"[data-to=Sport] [data-article={third}]").wait_for()
    assert here() == f"handle-{third}"
    page.locator("#find").type("letters")
    add = page.locator(f"#found li:has([value='{second}']) button")
    add.press("Enter")
    page.locator(f"[data-to=top] [data-article={second}]").wait_for()
    assert here() == "find"
    page.get_by_role("button", name="Build again").press("Enter")
    done.get_by_text("built again").wait_for()
    assert here() == "done"
    page.close()


def test_a_key_pressed_the_moment_the_list_is_new_loads_no_page(
    browser: "Browser", app: App, site: str
) -> None:
    pipeline.draft_edition(app, "weekly")
    page = browser.new_page()
    log_in(page, site)
    page.goto(f"{site}/admin/editions/weekly@2026-11-23")
    before = headlines(page)
    page.evaluate(
        """() => document.addEventListener("htmx:afterSwap", (event) => {
            if (event.detail.target.id !== "desk") return;
            setTimeout(() => document.activeElement.dispatchEvent(
                new KeyboardEvent("keydown", {key: "ArrowUp", bubbles: true})), 0);
        }, {once: true})"""
    )
    loads: list[str] = []
    page.on(
        "framenavigated", lambda frame: loads.append(frame.url) if not frame.parent_frame else None
    )
    page.locator("[data-to=top] .handle").nth(2).press("ArrowUp")
    page.locator("#done").get_by_text("place 1 of").wait_for()
    assert headlines(page) == [before[2], *before[:2], *before[3:]]
    assert loads == []
    page.close()


def test_a_story_is_dragged(browser: "Browser", app: App, site: str) -> None:
    pipeline.draft_edition(app, "weekly")
    page = browser.new_page()
    log_in(page, site)
    page.goto(f"{site}/admin/editions/weekly@2026-11-23")
    before = headlines(page)
    handles = page.locator("[data-to=top] .handle")
    handles.nth(3).drag_to(page.locator("[data-to=top] .story").nth(0))
    page.wait_for_function(
        "n => document.querySelectorAll('[data-to=top] h3')[0].innerText == n", arg=before[3]
    )
    page.close()


def test_a_file_with_mistakes_is_mended_and_imported_again(
    browser: "Browser", app: App, site: str, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    rows = [
        [f"p{n}@mail.example" if n % 100 else f"p{n} at mail.example", f"P {n}"]
        for n in range(10_000)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["email", "name"], *rows])
    page = browser.new_page()
    log_in(page, site)
    page.goto(f"{site}/admin/import")
    page.get_by_label("CSV, ZIP").set_input_files(path)
    page.get_by_label("On what basis").fill("double opt-in 2024")
    page.get_by_role("button", name="Look at it").press("Enter")
    page.get_by_role("heading", name="What this file would do").wait_for()
    assert membership_count(app) == READERS
    result = page.locator(".numbers").inner_text()
    assert "9,900" in result
    assert "100" in result
    with page.expect_download() as refused:
        page.get_by_role("button", name="Download the refused rows").press("Enter")
    mended = tmp_path / "mended.csv"
    text = Path(refused.value.path()).read_text("utf-8").replace(" at ", "@")
    mended.write_text(text, "utf-8")
    page.get_by_role("button", name="Import them").press("Enter")
    page.get_by_text("Import 1 is done").wait_for()
    page.get_by_label("CSV, ZIP").set_input_files(mended)
    page.get_by_role("button", name="Look at it").press("Enter")
    page.get_by_role("heading", name="What this file would do").wait_for()
    page.get_by_role("button", name="Import them").press("Enter")
    page.get_by_text("Import 2 is done").wait_for()
    assert membership_count(app) == READERS + 10_000
    assert (
        membership.find_subscriber(app, "p100@mail.example").subscriptions[0].state
        is SubscriptionState.ACTIVE
    )
    page.close()


def membership_count(app: App) -> int:
    return sum(1 for _ in membership.export_people(app, "csv")) - 1


#: What answers a GET at the desk and is no page, and why axe does not visit it.
NO_PAGES = {
    "/static/{name}": "a style or a script",
    "/editions/{key}/preview": "a part of the edition desk, where axe sees it",
    "/editions/{key}/frame": "the mail itself: tests/render/test_browser.py looks at mails",
}


def _addresses(app: App) -> list[str]:
    pages = [r for r in ROUTES if r.method == "GET" and r.path not in NO_PAGES]
    assert len(pages) + len(NO_PAGES) == sum(r.method == "GET" for r in ROUTES)
    return [address(app, route) for route in pages]


def _states(page: "Page", app: App, site: str, folder: Path) -> Iterator[str]:
    """Lead the page to what no address of its own leads to."""
    desk = f"{site}/admin"
    page.goto(f"{desk}/editions/weekly@2026-11-23")
    page.get_by_role("heading", name="Sent").wait_for()
    yield "a sent edition"
    page.goto(f"{desk}/editions/weekly@2026-11-23/approve")
    yield "what cannot be approved"
    page.goto(f"{desk}/editions/weekly@2026-11-30/find?find=harbour")
    page.locator("li select").first.wait_for()
    yield "articles that were found"
    page.goto(f"{desk}/editions/999")
    yield "nothing there"
    page.goto(f"{desk}/subscribers?filter=colour:red")
    page.get_by_role("alert").wait_for()
    yield "a filter with a mistake"
    page.goto(f"{desk}/subscribers?filter=nobody@reader.example")
    page.get_by_text("Nobody fits").wait_for()
    yield "nobody"
    for number, person in enumerate(("asked", "gone", "suppressed")):
        page.goto(f"{desk}/subscribers?filter={person}@reader.example")
        page.locator("td a").click()
        page.get_by_role("heading", name="What happened").wait_for()
        yield f"somebody who is {person}, {number}"
    path = folder / "people.csv"
    path.write_text("email,name\nnew@mail.example,New\nnot an address,Old\n", encoding="utf-8")
    page.goto(f"{desk}/import")
    page.get_by_label("CSV, ZIP").set_input_files(path)
    page.get_by_role("button", name="Look at it").press("Enter")
    page.get_by_role("button", name="Download the refused rows").wait_for()
    yield "a dry run with a mistake"
    page.get_by_role("button", name="Import them").press("Enter")
    page.get_by_text("is done").wait_for()
    yield "an import"
    page.goto(f"{desk}/feeds")
    page.locator("summary", has_text="Add a feed").press("Enter")
    page.get_by_label("Address of a feed").fill("http://127.0.0.1:9/feed")
    page.get_by_role("button", name="Look and add").press("Enter")
    page.get_by_text("Go back in your browser").wait_for()
    yield "a form that was refused"
    page.goto(f"{desk}/account")
    page.get_by_role("button", name="Set it up").press("Enter")
    page.get_by_role("img", name="QR code").wait_for()
    yield "the QR code of a second factor"
    secret = base64.b32decode(page.locator(".key").text_content() or "")
    code = accounts.totp(secret, int(app.now().timestamp()) // 30)
    page.get_by_label("The code it shows now").fill(code)
    page.get_by_role("button", name="Turn it on").press("Enter")
    page.get_by_text("The second factor is on").wait_for()
    yield "a log in that says why"
    page.get_by_label("Name").fill("olga")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    yield "a log in that went wrong"
    page.get_by_label("Name").fill("olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code").fill(code)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Home").wait_for()
    page.goto(f"{desk}/account")
    page.get_by_role("button", name="Turn it off").wait_for()
    yield "an account with a second factor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_on_any_page_and_nothing_sticks_out(
    browser: "Browser", app: App, site: str, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
    options = {"runOnly": {"type": "tag", "values": rules}}
    _furnish(app)
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page.goto(f"{site}/admin/login")
    assert axe.run(page, options=options).response["violations"] == []
    log_in(page, site)

    def judge(where: str) -> None:
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.wait_for_timeout(100)
        found = axe.run(page, options=options).response["violations"]
        said = [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found]
        assert said == [], f"{where}, {scheme}"
        page.set_viewport_size({"width": 375, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, where
        page.set_viewport_size({"width": 1280, "height": 900})

    for path in _addresses(app):
        page.goto(f"{site}{path}")
        judge(path)
    for state in _states(page, app, site, tmp_path):
        judge(state)
    page.close()


def _furnish(app: App) -> None:
    """Give every page something to show."""
    with app.database.transaction() as tx:
        feeds.update(
            tx,
            feeds.add(tx, "https://a.example/feed/", "A", "World").id,
            failures=5,
            last_error="503",
        )
    values = {"sponsor": "S", "title": "T", "text": "W", "url": "https://s.example/"}
    pipeline.add_placement(app, values)
    sent = pipeline.queue_edition(
        app, pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    )
    assert pipeline.drain_outbox(app, sent).edition.state is EditionState.SENT
    app.now.move(weeks=1)  # type: ignore[attr-defined]
    made = pipeline.draft_edition(app, "weekly")
    assert made.slot_on.isoformat() == "2026-11-30"
    pipeline.skip_slot(app, "weekly@2026-12-07", "holiday")
    pipeline.edit_words(app, made, {"subject": "By hand"}, "olga")
    membership.add_subscriber(app, "asked@reader.example", "weekly")
    for name in ("gone", "suppressed"):
        membership.add_subscriber(app, f"{name}@reader.example", "weekly", confirmed=True)
    membership.end_subscription(app, "gone@reader.example", "weekly", by="olga")
    why = SuppressionReason.ADMIN
    membership.suppress_address(app, "suppressed@reader.example", why, "told us (olga)")


def test_home_asks_for_nothing_but_itself_and_works_without_a_script(
    browser: "Browser", app: App, site: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, site)
    asked: list[str] = []
    sizes: list[int] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto(f"{site}/admin")
    assert all(url.startswith(site) for url in asked)
    page.wait_for_timeout(100)
    assert sum(sizes) < 120_000, sizes
    page.get_by_role("button", name="Build the draft").click()
    page.wait_for_selector("[data-to=top]")
    assert "Without JavaScript" in page.content()
    before = headlines(page)
    page.get_by_role("button", name="Up: " + before[1]).click()
    page.wait_for_selector(".said")
    assert headlines(page)[:2] == [before[1], before[0]]
    context.close()


def test_a_change_at_the_desk_is_shown_within_a_second(
    browser: "Browser", app: App, site: str
) -> None:
    pipeline.draft_edition(app, "weekly")
    page = browser.new_page()
    log_in(page, site)
    page.goto(f"{site}/admin/editions/weekly@2026-11-23")
    page.wait_for_selector("iframe")
    spans = []
    for _ in range(5):
        name = headlines(page)[1]
        began = time.perf_counter()
        page.locator("[data-to=top] .handle").nth(1).press("ArrowUp")
        page.wait_for_function(
            "n => document.querySelectorAll('[data-to=top] h3')[0].innerText == n", arg=name
        )
        spans.append(time.perf_counter() - began)
    assert sorted(spans)[2] < 1.0, spans
    page.close()
