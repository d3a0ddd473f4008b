"""In a real browser nothing sticks out, with and without style, light and dark."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from digest.model import Edition, Section
from digest.render import Renderer
from digest.settings import Theme
from tests.make import a_placed, an_edition, an_image
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def _long_words() -> Edition:
    """Make an edition whose words are wider than any screen."""
    word = "Donaudampfschifffahrtsgesellschaft" * 4
    top = tuple(
        a_placed(n, word, summary=word, author=word, image=an_image(caption=word, alt=word))
        for n in range(1, 4)
    )
    return an_edition(top_stories=top, stand_first=word, note=word)


def _longest() -> Edition:
    """Make an edition whose every text is as long as it may be."""
    long = "Parliament considers another very long and winding headline about harbours " * 9
    top = tuple(
        a_placed(n, f"{n} {long}", summary=long, author=long[:90], image=an_image(caption=long))
        for n in range(1, 7)
    )
    sections = (Section(long, "World", (a_placed(1, f"7 {long}", summary=long),)),)
    return an_edition(top_stories=top, sections=sections, stand_first=long, note=long)


def _arabic() -> Edition:
    """Make an edition in Arabic with English words in it."""
    said = "عادت السفن إلى الحركة صباح اليوم بعد عاصفة استمرت 3 أيام، كما تقول Reuters."
    given = {"summary": said, "author": "ليلى حداد", "language": "ar", "category": "موانئ"}
    top = (
        a_placed(1, "الميناء يعود إلى العمل", image=an_image(), author_bio=said, **given),
        a_placed(2, "Nvidia تضاعف إنتاج الرقائق بنسبة 40%", outlet="peak.example", **given),
        a_placed(3, "Harbour reopens (25 ships)", language="en", image=an_image(), update=True),
        a_placed(4, "البرلمان ينشر رسائله: 3 أسئلة", **given),
    )
    more = tuple(a_placed(n, f"خبر رقم {n} من Atlas", **given) for n in range(5, 8))
    return an_edition(
        subject="الميناء يعود إلى العمل",
        stand_first="وفي هذا الأسبوع أيضًا: Nvidia تضاعف الإنتاج.",
        note="صباح الخير.",
        top_stories=top,
        sections=(Section("المزيد من العالم", "العالم", more),),
    )


def _judged(renderer: Renderer) -> dict[str, str]:
    """Return the pages that are judged by axe, in every theme and density."""
    bare = a_full_edition()
    no_pictures = tuple(
        a_placed(n, f"A story without a picture, {n}", author_bio="Ada Berg covers ports.")
        for n in range(1, 6)
    )
    editions = {
        "full": (a_full_edition(), "en"),
        "thin": (an_edition(top_stories=(a_placed(1),), sections=(), placements=()), "en"),
        "no pictures": (replace(bare, top_stories=no_pictures), "en"),
        "longest": (_longest(), "en"),
        "arabic": (_arabic(), "ar"),
    }
    themes = [Theme(density=d) for d in ("full", "compact", "headlines")] + [Theme(name="plain")]
    return {
        f"{name}, {theme.name}, {theme.density}": renderer.render_edition(
            edition, a_publication(language=language), TITLE, BASE, theme
        ).html
        for name, (edition, language) in editions.items()
        for theme in themes
    }


def _pages(renderer: Renderer) -> dict[str, str]:
    def html(edition: Edition, language: str = "en") -> str:
        publication = a_publication(language=language)
        return renderer.render_edition(edition, publication, TITLE, BASE).html

    values = {"newsletter_title": TITLE, "confirm_url": f"{BASE}/confirm/{'a' * 80}"}
    return {
        "full": html(a_full_edition()),
        "long words": html(_long_words()),
        "from the right": html(_arabic(), "ar"),
        "longest": html(_longest()),
        "plain": renderer.render_edition(
            _long_words(), a_publication(), TITLE, BASE, Theme(name="plain")
        ).html,
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    browser: "Browser", renderer: Renderer, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is missing"
    ).Axe()
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
    # A mail is an article in someone's reader: its landmarks are the reader's own.
    options = {
        "runOnly": {"type": "tag", "values": rules},
        "rules": {"landmark-one-main": {"enabled": False}, "region": {"enabled": False}},
    }
    page = browser.new_page(color_scheme=scheme, viewport={"width": 640, "height": 900})
    page.route("**/*", lambda route: route.abort())
    passed = 0
    for name, html in _judged(renderer).items():
        page.set_content(html)
        found = axe.run(page, options=options)
        problems = [(v["id"], v["nodes"][0]["html"][:200]) for v in found.response["violations"]]
        assert problems == [], f"{name}, {scheme}"
        contrast = [p for p in found.response["passes"] if p["id"] == "color-contrast"]
        passed += sum(len(rule["nodes"]) for rule in contrast)
    assert passed > 300, "axe looked at the words"
    page.close()
