"""Every rule lets a sound edition pass and stops one that breaks it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import digest.preflight.rules
from digest.model import Edition, Finding, Rendered, Severity
from digest.preflight import RULES, check
from digest.render import Renderer
from digest.settings.tables import Publication
from digest.text import TOKEN
from tests.make import a_placed, a_placement
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication

Change = Callable[[Rendered], Rendered]


@pytest.fixture(scope="module")
def sound() -> Iterator[Rendered]:
    renderer = Renderer()
    yield renderer.render_edition(a_full_edition(), a_publication(), TITLE, BASE)
    renderer.close()


def _html(old: str, new: str, times: int = -1) -> Change:
    def change(rendered: Rendered) -> Rendered:
        assert old in rendered.html, f"{old} is no longer in the mail; the test proves nothing"
        return replace(rendered, html=rendered.html.replace(old, new, times))

    return change


def _text(old: str, new: str) -> Change:
    def change(rendered: Rendered) -> Rendered:
        assert old in rendered.text, f"{old} is no longer in the mail; the test proves nothing"
        return replace(rendered, text=rendered.text.replace(old, new))

    return change


def _body(markup: str) -> Change:
    return _html("</body>", f"{markup}</body>")


def _subject(subject: str) -> Change:
    return lambda rendered: replace(rendered, subject=subject)


BREAKS: list[tuple[str, Severity, Change]] = [
    ("HDR-14", Severity.BLOCKER, _subject("")),
    ("HDR-14", Severity.WARNING, _subject("A subject that goes on and on " * 3)),
    ("HDR-14", Severity.WARNING, _subject("HARBOUR REOPENS TODAY")),
    ("HDR-14", Severity.WARNING, _subject("Re: your harbour")),
    ("HDR-14", Severity.WARNING, _subject("Fwd: your harbour")),
    ("HDR-14", Severity.WARNING, _subject("Harbour reopens!!!")),
    ("MIME-02", Severity.BLOCKER, _text("https://news.example/", "https://other.example/")),
    ("MIME-02", Severity.BLOCKER, _html("https://larkspur.example/save", "https://x.example/")),
    ("MIME-05", Severity.BLOCKER, _body("<p>word</p>" * 12_000)),
    ("MIME-05", Severity.WARNING, _body("<p>word</p>" * 5_600)),
    (
        "MIME-05",
        Severity.BLOCKER,
        _html("</head>", f"<style>{'a{color:red}' * 800}</style></head>"),
    ),
    (
        "MIME-05",
        Severity.BLOCKER,
        _html("</head>", "<style>@media print{@supports (a:b){a{b:c}}}</style></head>"),
    ),
    ("MIME-06", Severity.BLOCKER, _html(TOKEN, "real")),
    ("MIME-06", Severity.BLOCKER, _text(TOKEN, "real")),
    ("MIME-06", Severity.BLOCKER, _body("{{ name }}")),
    ("MIME-06", Severity.BLOCKER, _text("Ada Berg", "{% if author %}")),
    ("MIME-06", Severity.BLOCKER, _subject(f"For {TOKEN}")),
    ("MIME-07", Severity.BLOCKER, _body("\x92")),
    ("MIME-07", Severity.BLOCKER, _body("\u2068")),
    ("MIME-07", Severity.BLOCKER, _text("Ada", "\u202eAda")),
    ("MIME-07", Severity.BLOCKER, _subject("One\nTwo")),
    ("CNT-01", Severity.BLOCKER, _html(">Unsubscribe</a>", "></a>")),
    ("CNT-01", Severity.BLOCKER, _html(f'href="{BASE}/u/0', f'hidden href="{BASE}/u/0')),
    ("CNT-01", Severity.BLOCKER, _text(f"{BASE}/u/0{TOKEN}", "Reply to leave.")),
    ("CNT-02", Severity.BLOCKER, _html("1 Main Street", "Somewhere")),
    ("CNT-02", Severity.BLOCKER, _text("Atlas Weekly", "Someone")),
    ("CNT-03", Severity.BLOCKER, _body('<a href="javascript:alert(1)">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<a href="">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<a href="https://192.0.2.7/x">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<a href="https://[2001:db8::1]/x">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<a href="https://3221225991/x">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<a href="https://me:you@news.example/">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<a href="/relative">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<a href="mailto:">x</a>')),
    ("CNT-03", Severity.BLOCKER, _body('<img src="data:image/png;base64,AA" alt="x">')),
    ("CNT-03", Severity.WARNING, _body('<a href="http://news.example/">x</a>')),
    ("CNT-03", Severity.WARNING, _body('<a href="http://127.0.0.1:8025/">x</a>')),
    ("CNT-05", Severity.BLOCKER, _html("Sponsor · Larkspur Bank", "Larkspur Bank")),
    ("CNT-05", Severity.BLOCKER, _text("SPONSOR · NIMBUS CONF", "NIMBUS CONF")),
    ("CNT-08", Severity.BLOCKER, _body("<script>x</script>")),
    ("CNT-08", Severity.BLOCKER, _body('<form action="https://a.example"></form>')),
    ("CNT-08", Severity.BLOCKER, _body('<p onclick="x">x</p>')),
    ("A11Y-01", Severity.BLOCKER, _html('<html lang="en"', "<html")),
    ("A11Y-01", Severity.BLOCKER, _html('role="article" lang="en" dir="ltr"', 'role="article"')),
    ("A11Y-02", Severity.BLOCKER, _html('role="presentation"', "", 1)),
    ("A11Y-03", Severity.BLOCKER, _body('<img src="https://a.example/i.png">')),
    (
        "A11Y-03",
        Severity.BLOCKER,
        _body('<a href="https://a.example"><img src="https://a.example/i" alt=""></a>'),
    ),
    ("A11Y-04", Severity.BLOCKER, _body("<h1>Second</h1>")),
    ("A11Y-04", Severity.BLOCKER, _html("h2", "h3")),
]

EDITIONS: list[tuple[str, Edition, Publication]] = [
    ("CNT-02", a_full_edition(), a_publication(postal_address="")),
    (
        "CNT-03",
        a_full_edition(sections=(), top_stories=(a_placed(url="javascript:x"),)),
        a_publication(),
    ),
    ("CNT-05", a_full_edition(placements=(a_placement(sponsor=" "),)), a_publication()),
    ("CNT-10", a_full_edition(top_stories=(), sections=()), a_publication()),
    ("CNT-10", a_full_edition(top_stories=(a_placed(1, " "),)), a_publication()),
    ("CNT-10", a_full_edition(top_stories=(a_placed(url=""),)), a_publication()),
    ("CNT-10", a_full_edition(top_stories=(a_placed(1), a_placed(2))), a_publication()),
]


def _found(rule: str, edition: Edition, rendered: Rendered, **given: Any) -> list[Finding]:
    publication = given.pop("publication", None) or a_publication()
    return [f for f in check(edition, rendered, publication, **given) if f.rule == rule]


def test_a_sound_edition_has_no_findings(sound: Rendered) -> None:
    assert check(a_full_edition(), sound, a_publication()) == ()


@pytest.mark.parametrize(("rule", "severity", "change"), BREAKS)
def test_a_broken_mail_is_found(
    sound: Rendered, rule: str, severity: Severity, change: Change
) -> None:
    found = _found(rule, a_full_edition(), change(sound))
    assert severity in {finding.severity for finding in found}
    assert all(finding.message for finding in found)


@pytest.mark.parametrize(("rule", "edition", "publication"), EDITIONS)
def test_a_broken_edition_is_found(rule: str, edition: Edition, publication: Publication) -> None:
    renderer = Renderer()
    rendered = renderer.render_edition(edition, publication, TITLE, BASE)
    renderer.close()
    found = _found(rule, edition, rendered, publication=publication)
    assert Severity.BLOCKER in {finding.severity for finding in found}


def test_every_rule_has_a_broken_case() -> None:
    assert {rule.id for rule in RULES} == {case[0] for case in (*BREAKS, *EDITIONS)}


def test_every_rule_is_described_once() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.about.endswith(".")
        assert rule.source


def test_the_worst_findings_come_first(sound: Rendered) -> None:
    broken = _subject("Re: x!!!")(_body("<script></script>")(sound))
    severities = [f.severity for f in check(a_full_edition(), broken, a_publication())]
    assert severities == sorted(severities, key=list(Severity)[::-1].index)


def test_links_to_this_machine_block_mail_that_leaves_it(sound: Rendered) -> None:
    local = _body('<a href="http://localhost:8025/">x</a>')(sound)
    for public, severity in ((False, Severity.WARNING), (True, Severity.BLOCKER)):
        found = _found("CNT-03", a_full_edition(), local, public=public)
        assert [finding.severity for finding in found] == [severity]


def test_an_article_about_templates_is_no_left_over_sign() -> None:
    edition = a_full_edition(top_stories=(a_placed(1, "How {{ moustaches }} work"),))
    renderer = Renderer()
    rendered = renderer.render_edition(edition, a_publication(), TITLE, BASE)
    renderer.close()
    assert _found("MIME-06", edition, rendered) == []


def test_every_rule_file_is_in_the_table() -> None:
    folder = Path(digest.preflight.rules.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    modules = [import_module(f"digest.preflight.rules.{name}") for name in names]
    assert {module.RULE.id for module in modules} == {rule.id for rule in RULES}
