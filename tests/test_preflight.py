"""Preflight as a gate: what it asks outside, what a config may turn down, what it stops."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest import pipeline, scheduler
from digest.app import App
from digest.errors import ConfigError, WrongState
from digest.ingest.limits import Limits
from digest.model import Edition, EditionState, Finding, Severity
from digest.pipeline.edit import leaves_this_machine
from digest.preflight.dns import system_lookup
from tests.apps import Clock, a_week, an_app, fill
from tests.ingest.site import Server
from tests.make import NOW
from tests.preflight.broken import RECORDS
from tests.sink import Sink, running

STOP = threading.Event()
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = an_app(tmp_path)
    yield replace(
        opened,
        limits=Limits(pause=0, first_byte=0.5),
        dns=lambda name, kind: RECORDS.get((name, kind), ()),
    )
    opened.close()


def built(app: App, server: Server, *statuses: int) -> Edition:
    """Build an edition whose articles' pages answer 200, the first ones as told."""
    found = []
    for number, article in enumerate(a_week()):
        status = dict(enumerate(statuses)).get(number, 200)
        server.script[f"/{number}"] = lambda site, status=status: site.answer(status)  # type: ignore[misc]
        found.append(replace(article, url=server.url(f"/{number}"), image=None))
    fill(app, found)
    return pipeline.draft_edition(app, "weekly", NOW)


def _said(findings: tuple[Finding, ...]) -> set[tuple[str, Severity, str]]:
    return {
        (f.rule, f.severity, f.where) for f in findings if f.rule.startswith(("AUTH", "CNT-11"))
    }


def test_pages_that_are_gone_block_and_servers_in_trouble_do_not(app: App, server: Server) -> None:
    edition = built(app, server, 404, 500, 403)
    assert _said(pipeline.proof(app, edition).findings) == set()
    findings = pipeline.proof(app, edition, online=True).findings
    assert ("CNT-11", Severity.BLOCKER, server.url("/0")) in _said(findings)
    assert ("AUTH-01", Severity.WARNING, "mail.dkim") in _said(findings)
    infos = [f for f in findings if f.severity is Severity.INFO]
    assert len(infos) == 1
    assert "and 1 more" in infos[0].message


def test_our_own_pages_are_not_asked_for(app: App, server: Server) -> None:
    web = app.settings.web.model_copy(update={"base_url": server.url("/pages")})
    own = replace(app, settings=app.settings.model_copy(update={"web": web}))
    edition = built(own, server)
    pipeline.proof(own, edition, online=True)
    assert server.seen
    assert not [path for path, _ in server.seen if path.startswith("/pages")]


def test_the_dns_stops_a_send_to_the_world_only(tmp_path: Path) -> None:
    opened = an_app(tmp_path, transport="smtp")
    smtp = opened.settings.mail.smtp.model_copy(update={"host": "relay.example"})
    mail = opened.settings.mail.model_copy(update={"smtp": smtp})
    public = replace(
        opened,
        settings=opened.settings.model_copy(update={"mail": mail}),
        limits=Limits(pause=0, connect=0.1, whole=0.2),
        dns=lambda name, kind: () if kind == "TXT" else ("10 mx.news.example.",),
    )
    fill(public)
    edition = pipeline.draft_edition(public, "weekly", NOW)
    assert not leaves_this_machine(opened)
    with pytest.raises(WrongState, match="AUTH-02"):
        pipeline.approve_edition(public, edition)
    assert pipeline.approve_edition(opened, edition).sha256
    opened.close()


def test_the_scheduler_holds_an_edition_with_a_blocker_and_tells_someone(tmp_path: Path) -> None:
    clock = Clock(NOW - timedelta(hours=1))
    with running(Sink()) as sink:
        app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
        fill(app, [replace(a, url="https://192.0.2.7/" + a.id) for a in a_week()], readers=2)
        for _ in range(2):
            scheduler.run_due_slots(app, STOP)
            scheduler.send_open_editions(app, STOP)
            clock.move(hours=1)
        edition = pipeline.find_edition(app, "latest")
        assert (edition.state, sink.counts) == (EditionState.HELD, {"editor@news.example": 1})
        assert "CNT-03: a bare IP address" in edition.reason
        assert b"is held" in sink.received[0].content
        with pytest.raises(WrongState, match="CNT-03"):
            pipeline.approve_edition(app, edition)
        app.close()


def test_a_rule_turned_down_in_the_config_lets_an_edition_out(tmp_path: Path) -> None:
    more = '[newsletters.weekly.preflight]\nCNT-10 = "warning"\n'
    app = an_app(tmp_path, more=more)
    fill(app)
    edition = pipeline.draft_edition(app, "weekly", NOW)
    first = edition.top_stories[0]
    twice = replace(edition, top_stories=(first, replace(first, place=2), *edition.top_stories[1:]))
    found = [f for f in pipeline.proof(app, twice).findings if f.rule == "CNT-10"]
    assert [finding.severity for finding in found] == [Severity.WARNING]
    app.close()


@pytest.mark.parametrize(
    ("rule", "said"), [("CNT-02", "cannot be turned down"), ("CNT-99", "there is no such rule")]
)
def test_a_config_that_turns_down_the_law_does_not_load(
    tmp_path: Path, rule: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=rf"config.toml:\d+: newsletters.*{rule}: .*{said}"):
        an_app(tmp_path, more=f'[newsletters.weekly.preflight]\n{rule} = "off"\n')


def test_a_config_with_another_word_than_warning_or_off_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'warning' or 'off'"):
        an_app(tmp_path, more='[newsletters.weekly.preflight]\nCNT-04 = "info"\n')


def test_no_name_under_invalid_is_found_and_nothing_is_raised() -> None:
    assert not system_lookup("nothing.invalid", "TXT")
    assert not system_lookup("a..b", "TXT")


def test_the_demo_edition_has_nothing_against_it(digest: Run) -> None:
    digest("demo", "--dir", "demo")
    done = digest("-c", "demo/config.toml", "preflight", "latest", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"findings": []})
