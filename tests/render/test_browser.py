"""In a real browser nothing sticks out, with and without style, light and dark."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from digest.model import Edition
from digest.render import Renderer
from tests.make import a_placed, an_edition, an_image
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium to look with")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield browser
        browser.close()


def _long_words() -> Edition:
    """Make an edition whose words are wider than any screen."""
    word = "Donaudampfschifffahrtsgesellschaft" * 4
    top = tuple(
        a_placed(n, word, summary=word, author=word, image=an_image(caption=word, alt=word))
        for n in range(1, 4)
    )
    return an_edition(top_stories=top, stand_first=word, note=word)


def _pages(renderer: Renderer) -> dict[str, str]:
    def html(edition: Edition, language: str = "en") -> str:
        publication = a_publication(language=language)
        return renderer.render_edition(edition, publication, TITLE, BASE).html

    values = {"newsletter_title": TITLE, "confirm_url": f"{BASE}/confirm/{'a' * 80}"}
    return {
        "full": html(a_full_edition()),
        "long words": html(_long_words()),
        "from the right": html(a_full_edition(), "ar"),
        "confirm": renderer.render_mail("confirm", a_publication(), values).html,
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("styled", [True, False], ids=["styled", "bare"])
def test_nothing_is_wider_than_the_screen(
    browser: "Browser", renderer: Renderer, scheme: Literal["light", "dark"], *, styled: bool
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    for name, html in _pages(renderer).items():
        page.set_content(html if styled else re.sub(r"(?s)<style.*?</style>", "", html))
        for width in (320, 375, 640, 900):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} wide at {width}"
    page.close()


@pytest.mark.parametrize(("language", "first"), [("en", "numeral"), ("ar", "headline")])
def test_rows_run_the_way_the_language_does(
    browser: "Browser", renderer: Renderer, language: str, first: str
) -> None:
    publication = a_publication(language=language)
    page = browser.new_page(viewport={"width": 640, "height": 800})
    page.route("**/*", lambda route: route.abort())
    page.set_content(renderer.render_edition(a_full_edition(), publication, TITLE, BASE).html)
    left = "e => e.getBoundingClientRect().left"
    numeral = page.eval_on_selector(".nm", left)
    headline = page.eval_on_selector(".nm + td", left)
    assert (numeral < headline) == (first == "numeral")
    align = page.eval_on_selector(".nm + td", "e => getComputedStyle(e).textAlign")
    assert align in {"start", "left" if language == "en" else "right"}
    page.close()


def test_dark_mode_turns_the_page_dark(browser: "Browser", renderer: Renderer) -> None:
    page = browser.new_page(color_scheme="dark")
    page.route("**/*", lambda route: route.abort())
    page.set_content(_pages(renderer)["full"])
    ground = page.evaluate("getComputedStyle(document.querySelector('.cd')).backgroundColor")
    ink = page.evaluate("getComputedStyle(document.querySelector('h3')).color")
    assert (ground, ink) == ("rgb(27, 29, 32)", "rgb(245, 242, 236)")
    page.close()
