"""Every rule lets a sound edition pass and stops one that breaks it."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import digest.preflight.rules
from digest.model import Edition, Rendered, Severity
from digest.preflight import RULES, check, not_eased
from digest.render import Renderer
from digest.settings.tables import Publication
from tests.make import a_placed
from tests.preflight.broken import BROKEN, SIGNED, Broken, copy_of, outside, swapped
from tests.render.editions import BASE, TITLE, a_full_edition, a_long_edition, a_publication


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    opened = Renderer()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sound(renderer: Renderer) -> Rendered:
    return renderer.render_edition(a_full_edition(), a_publication(), TITLE, BASE)


@pytest.mark.parametrize("edition", [a_full_edition(), a_long_edition()], ids=["full", "long"])
def test_a_sound_edition_has_no_findings(renderer: Renderer, edition: Edition) -> None:
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    mail = f"DKIM-Signature: v=1; h=from:{SIGNED}\r\n".encode() + copy_of(rendered)
    logo = {
        ("default._bimi.news.example", "TXT"): ("v=BIMI1; l=https://a.example/l.svg; a=x",),
        ("_dmarc.news.example", "TXT"): ("v=DMARC1; p=reject; rua=mailto:x@y.example",),
    }
    given = {
        "content": mail,
        "public": True,
        "outside": outside(logo),
        "envelope": "b@news.example",
    }
    assert check(edition, rendered, a_publication(), **given) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: str(broken.name))
def test_a_broken_edition_gets_exactly_these_findings(
    renderer: Renderer, sound: Rendered, broken: Broken
) -> None:
    def render(edition: Edition, publication: Publication) -> Rendered:
        return renderer.render_edition(edition, publication, TITLE, BASE)

    found = broken.found(render, sound)
    assert {(finding.rule, finding.severity) for finding in found} == broken.expected
    assert all(finding.message for finding in found)


def test_at_least_sixty_editions_are_broken_each_in_its_own_way() -> None:
    assert len({broken.name for broken in BROKEN}) == len(BROKEN) >= 60


def test_every_rule_has_a_broken_case_of_its_worst_severity() -> None:
    cases = {case for broken in BROKEN for case in broken.expected}
    assert {(rule.id, rule.severity) for rule in RULES} <= cases
    assert {rule.id for rule in RULES} == {rule for rule, _ in cases}


def test_every_rule_is_described_once() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.about.endswith(".")
        assert rule.source


def test_the_worst_findings_come_first(sound: Rendered) -> None:
    html = swapped(sound.html, "</body>", "<script></script></body>")
    broken = replace(sound, html=html, subject="Re: x!!!")
    severities = [f.severity for f in check(a_full_edition(), broken, a_publication())]
    assert severities == sorted(severities, key=list(Severity)[::-1].index)
    assert len(set(severities)) == 2


def test_an_article_about_templates_is_no_left_over_sign(renderer: Renderer) -> None:
    edition = a_full_edition(top_stories=(a_placed(1, "How {{ moustaches }} work"),))
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    assert check(edition, rendered, a_publication()) == ()


def test_stories_may_share_a_title_and_outlets_a_name(renderer: Renderer) -> None:
    stories = tuple(
        a_placed(n, "Corrections", url=f"https://news.example/{n}/") for n in range(1, 5)
    )
    edition = a_full_edition(top_stories=stories)
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    assert check(edition, rendered, a_publication()) == ()


@pytest.mark.parametrize(("to", "severities"), [("warning", [Severity.WARNING]), ("off", [])])
def test_a_rule_can_be_turned_down(sound: Rendered, to: str, severities: list[Severity]) -> None:
    broken = replace(sound, html=swapped(sound.html, "</body>", "<script></script></body>"))
    found = check(a_full_edition(), broken, a_publication(), eased={"CNT-08": to})
    assert [finding.severity for finding in found] == severities


def test_what_the_law_asks_for_cannot_be_turned_down(sound: Rendered) -> None:
    legal = {"CNT-01", "CNT-02", "CNT-05", "HDR-06", "HDR-07", "MIME-06"}
    assert {rule.id for rule in RULES if rule.firm} == legal
    assert not_eased(dict.fromkeys((*legal, "CNT-08"), "off")).keys() == legal
    broken = replace(sound, html=swapped(sound.html, "1 Main Street", ""))
    found = check(a_full_edition(), broken, a_publication(), eased={"CNT-02": "off"})
    assert [finding.severity for finding in found] == [Severity.BLOCKER]


def test_every_rule_file_is_in_the_table() -> None:
    folder = Path(digest.preflight.rules.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    modules = [import_module(f"digest.preflight.rules.{name}") for name in names]
    assert {module.RULE.id for module in modules} == {rule.id for rule in RULES}
