"""The forms anyone can send: nobody is bombed, nobody is found out, programs are kept waiting."""

import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from digest import membership, scheduler
from digest.app import App
from digest.membership.asking import CALM, budget
from digest.model import SubscriptionState, SuppressionReason
from digest.web import build
from digest.web.limits import new_mark
from tests.apps import Clock, an_app, fill
from tests.sink import Sink, running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, sink: Sink) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock, transport="smtp", port=sink.port)
    yield opened
    opened.close()


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    with a_client(app) as started:
        yield started


def a_client(app: App, ip: str = "198.51.100.7") -> TestClient:
    return TestClient(build(app), base_url="https://digest.news.example", client=(ip, 50000))


def form(app: App, clock: Clock, email: str, newsletter: str = "weekly") -> dict[str, str]:
    mark = new_mark(app)
    clock.move(seconds=4)
    return {"mark": mark, "email": email, "newsletter": newsletter}


def last_link(sink: Sink, path: str) -> str:
    text = sink.received[-1].content.decode().replace("=\r\n", "").replace("=3D", "=")
    found = re.search(rf"https://digest\.news\.example(/{path}/[A-Za-z0-9_-]{{33}})", text)
    assert found, text
    return found[1]


def test_a_reader_subscribes_and_confirms(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    shown = client.get("/subscribe/weekly")
    mark = re.search(r'name="mark" value="(.{33})"', shown.text)
    assert mark
    clock.move(seconds=4)
    data = {"mark": mark[1], "email": "Ada@Reader.Example", "newsletter": "weekly"}
    asked = client.post("/subscribe", data=data)
    assert "Look into your mailbox" in asked.text
    assert "reader.example" not in asked.text.lower()
    assert sink.counts == {"Ada@reader.example": 1}
    assert client.post(last_link(sink, "c")).status_code == 200
    (mine,) = membership.find_subscriber(app, "ada@reader.example").subscriptions
    assert mine.state is SubscriptionState.ACTIVE
    first = membership.person_shape(app, "ada@reader.example")["subscriptions"][0]["log"][0]
    assert first["origin"] == "subscribe page"
    assert first["ip"] == "198.51.100.0/24"
    assert "The Week at Atlas" in first["words"]


def test_a_form_from_another_site_is_shown_again_on_our_page(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    foreign = client.post("/subscribe", data={"email": "a@b.example", "newsletter": "weekly"})
    assert foreign.status_code == 200
    assert 'value="a@b.example"' in foreign.text
    assert "press the button" in foreign.text
    membership.answer_asks(app)
    assert not sink.received
    young = {"mark": new_mark(app), "email": "a@b.example", "newsletter": "weekly"}
    assert f'value="{young["mark"]}"' in client.post("/subscribe", data=young).text
    clock.move(seconds=4)
    assert "Look into your mailbox" in client.post("/subscribe", data=young).text
    clock.move(days=2)
    assert "Look into" not in client.post("/subscribe", data=young).text


def test_a_form_counts_once_and_what_programs_fill_in_counts_never(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    once = form(app, clock, "a@b.example")
    client.post("/subscribe", data=once)
    answers = {client.post("/subscribe", data=once | {"email": "c@b.example"}).text}
    answers.add(
        client.post("/subscribe", data=form(app, clock, "d@b.example") | {"website": "x"}).text
    )
    assert len(answers) == 1
    assert sink.counts == {"a@b.example": 1}


@pytest.mark.parametrize(
    "email", ["", "a", "a@b", "a@@b.example", "a\x00@b.example", "a b@c.example"]
)
def test_what_is_no_address_is_said_so(
    app: App, client: TestClient, clock: Clock, email: str
) -> None:
    answer = client.post("/subscribe", data=form(app, clock, email))
    assert answer.status_code == 422
    assert "not an e-mail address" in answer.text


def test_nothing_tells_who_is_known(tmp_path: Path, clock: Clock) -> None:
    """T14: new, pending, active, suppressed: equal bytes."""
    app = an_app(tmp_path, clock=clock)
    fill(app, readers=1)
    membership.add_subscriber(app, "pending@reader.example", "weekly")
    membership.suppress_address(app, "s@reader.example", SuppressionReason.COMPLAINED, "")
    known = {
        "new": "n{}@reader.example",
        "pending": "pending@reader.example",
        "active": "r0@reader.example",
        "suppressed": "s@reader.example",
    }
    bodies, site = set(), build(app)
    for number in range(25):
        client = TestClient(site, client=(f"10.0.{number}.1", 1))
        for path in ("/subscribe", "/manage"):
            for state, email in known.items():
                if state == "suppressed" and path == "/manage":
                    clock.move(hours=1)  # five forms an hour
                data = form(app, clock, email.format(f"{path[1]}{number}"))
                answer = client.post(path, data=data)
                answer.headers.pop("x-request-id")
                bodies.add((answer.status_code, answer.content, str(answer.headers)))
            clock.move(hours=1)
    assert len(bodies) == 1
    app.close()


def test_the_form_answers_before_anything_depends_on_the_address(
    app: App, clock: Clock, sink: Sink
) -> None:
    """T14: what is done before the answer is one insert, whoever is meant."""
    fill(app, readers=1)
    membership.suppress_address(app, "s@reader.example", SuppressionReason.COMPLAINED, "")
    states = ("new@reader.example", "r0@reader.example", "s@reader.example")
    medians = []
    for email in states:
        taken = []
        for number in range(50):
            started = time.perf_counter()
            membership.keep_ask(app, email, "weekly", form=f"{email}{number}")
            taken.append(time.perf_counter() - started)
        medians.append(statistics.median(taken))
    assert max(medians) - min(medians) < 0.010
    membership.answer_asks(app)
    assert sink.counts == {"new@reader.example": 1, "r0@reader.example": 1}


def test_one_victim_gets_one_mail(tmp_path: Path, clock: Clock, sink: Sink) -> None:
    """T13: a fifth of the 10,000 posts from 500 networks within an hour for one address."""
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
    kept = Counter(
        membership.keep_ask(
            app,
            "victim@reader.example",
            "weekly",
            form=str(number),
            ip=f"10.0.{number % 100}.{number % 199}",
        )
        for number in range(2_000)
    )
    assert kept == {True: 500, False: 1_500}
    assert membership.answer_asks(app).waiting == 0
    assert sink.counts == {"victim@reader.example": 1}
    for _day in range(40):
        clock.move(hours=25)
        membership.keep_ask(app, "victim@reader.example", "weekly", form=f"day{_day}")
        membership.answer_asks(app)
        if _day == 26:
            assert sink.counts == {"victim@reader.example": 3}
    app.close()


def test_many_victims_get_few_mails_and_the_rest_waits_no_longer_than_a_day(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    """T13: what 100 networks may ask in an hour: at most 60 mails, the breaker at once."""
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
    for number in range(500):
        ip = f"10.0.{number % 100}.9"
        assert membership.keep_ask(app, f"v{number}@b.example", "weekly", form=str(number), ip=ip)
    done = membership.answer_asks(app)
    assert (done.mailed, done.waiting) == (CALM, 500 - CALM)
    assert membership.is_busy(app)
    assert "may take a few hours" in a_client(app).get("/subscribe").text
    clock.move(minutes=59)
    assert membership.answer_asks(app).mailed == 0
    assert len(sink.received) == CALM <= 60
    clock.move(minutes=2)
    assert membership.answer_asks(app).mailed == CALM
    clock.move(hours=24)
    membership.answer_asks(app)
    assert membership.answer_asks(app).waiting == 0
    assert len(sink.received) == 2 * CALM
    app.close()


def test_the_budget_follows_what_is_usual() -> None:
    assert budget(0) == CALM
    assert budget(168 * 100) == 500


def test_a_network_has_five_forms_an_hour(app: App, client: TestClient, clock: Clock) -> None:
    answers = [
        client.post("/subscribe", data=form(app, clock, f"a{n}@b.example")).status_code
        for n in range(6)
    ]
    assert answers == [200] * 5 + [429]
    with a_client(app, "203.0.113.5") as elsewhere:
        assert elsewhere.post("/manage", data=form(app, clock, "z@b.example")).status_code == 200
    clock.move(hours=1)
    assert client.post("/subscribe", data=form(app, clock, "b@b.example")).status_code == 200


def test_of_ipv6_a_customers_network_counts_and_a_wider_one_is_kept(app: App) -> None:
    for number in range(6):
        kept = membership.keep_ask(
            app, f"a{number}@b.example", "weekly", form=str(number), ip=f"2001:db8:1:2::{number}"
        )
        assert kept is (number < 5)
    assert membership.keep_ask(app, "n@b.example", "weekly", form="n", ip="2001:db8:1:3::1")
    membership.answer_asks(app)
    told = membership.person_shape(app, "n@b.example")
    assert [event["ip"] for event in told["subscriptions"][0]["log"]] == ["2001:db8:1::/48"]


def test_those_in_notices_are_told_once_a_day_that_forms_wait(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    app = an_app(tmp_path, clock=clock, transport="smtp", port=sink.port)
    for number in range(CALM + 9):
        membership.keep_ask(app, f"v{number}@b.example", "weekly", form=str(number))
    for _ in range(3):
        scheduler.answer_asks(app, threading.Event())
        clock.move(minutes=1)
    told = [mail for mail in sink.received if b"9 wishes from forms wait" in mail.content]
    assert len(told) == 1
    app.close()


def test_a_mail_that_cannot_go_waits_for_the_relay(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    sink.script("CONNECT", "421 later", times=1)
    client.post("/subscribe", data=form(app, clock, "a@b.example"))
    assert not sink.received
    assert membership.answer_asks(app).mailed == 1
    assert sink.counts == {"a@b.example": 1}


def test_a_look_alike_mails_the_address_that_is_stored(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    """T19: a link goes to the stored mailbox, never to the one that was typed."""
    membership.add_subscriber(app, "Mike@reader.example", "weekly", confirmed=True)
    client.post("/manage", data=form(app, clock, "mike@READER.example"))
    assert sink.counts == {"Mike@reader.example": 1}


def test_the_answer_names_as_many_mails_a_day_as_there_may_be(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    fill(app, readers=1)
    for _hour in range(5):
        said = client.post("/manage", data=form(app, clock, "r0@reader.example")).text
        assert "We write at most three times a day." in said
        clock.move(hours=1)
    assert sink.counts == {"r0@reader.example": 3}


def test_who_was_erased_or_complained_gets_nothing(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    fill(app, readers=1)
    membership.erase_subscriber(app, "r0@reader.example")
    for path in ("/subscribe", "/manage"):
        client.post(path, data=form(app, clock, "r0@reader.example"))
    assert not sink.received


def test_the_confirmation_repeats_nothing_that_was_typed(
    app: App, client: TestClient, clock: Clock, sink: Sink
) -> None:
    data = form(app, clock, "a@b.example") | {"name": "Buy now http://spam.example"}
    client.post("/subscribe", data=data)
    assert b"spam.example" not in sink.received[0].content
