"""T24-T29: what a relay has received, byte by byte, after an edition went the whole way."""

import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from digest import pipeline
from digest.app import App
from digest.deliver.verify import EDITION_FIELDS
from digest.membership import add_subscriber
from digest.model import Article, DeliveryState, EditionState
from digest.settings.folders import default_theme
from tests.apps import a_week, an_app, fill
from tests.deliver.transports.test_smtp import INJECTIONS
from tests.faults.conftest import ALL, MakeOutlet
from tests.faults.outlet import address
from tests.faults.sink import Say, Sink
from tests.faults.test_outage import tick

Figures = Callable[..., None]
_BUTTON = re.compile(
    rb"\r\nList-Unsubscribe: <(https://\S+/u/0[A-Za-z0-9_-]{32})>,\r\n <(mailto:\S+)>\r\n"
)
PAYLOADS = ("\n.\n", "\r.\r", "\n.\r\n", "\r\n.\r\n", "\r\n.\n", "\n..\n", "\r\n.\r\nQUIT\r\n")
NAMES = (
    "A\r\nBcc: v@x.example",
    "A\nTo: v@x.example",
    "A\x0bB\x0cC\x1cD",
    "A\x85Bcc: v\u2028To: v",
    "=?utf-8?q?=0d=0aBcc:_v?=",
    '"A" <v@x.example>, B',
    "Ж" * 150,
    "a" * 190,
)


def check(sink: Sink, signed: bool = False) -> None:
    """Check every message and every connection."""
    for one in sink.taken:
        lines = one.content.split(b"\r\n")
        assert max(map(len, lines)) <= 998
        assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
        parsed = message_from_bytes(one.content, policy=policy.SMTP)
        fields = tuple(name for name in parsed if name != "DKIM-Signature")
        assert fields == EDITION_FIELDS
        button = _BUTTON.search(one.content)
        assert button
        assert len(button[1]) < 200
        assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert not parsed.defects
        assert {n for n, value in parsed.raw_items() if "=?" in value} <= {"From", "Subject"}
        if signed:
            covered = parsed["DKIM-Signature"].replace(" ", "").split("h=")[1].split(";")[0].lower()
            assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(covered.split(":"))
    for spoken in sink.spoken:
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", spoken)


def send(app: App) -> None:
    """Send the next edition the whole way."""
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    assert pipeline.drain_outbox(app, pipeline.queue_edition(app, edition)).finished


@pytest.fixture(params=[True, False], ids=["pipelining", "lock-step"])
def wire(request: pytest.FixtureRequest, sink: Sink) -> Sink:
    """Return the sink, remembering all that is said, with and without PIPELINING."""
    sink.wire, sink.pipelining = True, request.param
    return sink


def test_t24_no_name_or_subject_adds_a_header(tmp_path: Path, wire: Sink) -> None:
    for number, name in enumerate(NAMES if ALL else NAMES[::3]):
        folder = tmp_path / str(number)
        folder.mkdir()
        app = an_app(folder, transport="smtp", port=wire.port)
        fill(app, readers=2)
        draft = pipeline.draft_edition(app, "weekly")
        pipeline.edit_words(app, draft, {"subject": name, "stand_first": name}, "Ada")
        edition = pipeline.find_edition(app, "latest")
        approved = pipeline.approve_edition(app, edition)
        assert pipeline.drain_outbox(app, pipeline.queue_edition(app, approved)).finished
        app.close()
        assert len(wire.taken) == 2 * (number + 1)
        subject = message_from_bytes(wire.taken[-1].content, policy=policy.SMTP)["Subject"]
        assert subject == edition.subject
    check(wire)
    assert wire.impatient == 0


def test_t25_t26_no_text_smuggles_a_message_and_the_button_is_whole_and_signed(
    tmp_path: Path, wire: Sink
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (tmp_path / "rsa.pem").write_bytes(key.private_bytes(pem, form, plain))
    more = '[mail.dkim]\ndomain = "news.example"\nselector = "s"\nkey_file = "rsa.pem"\n'
    app = an_app(tmp_path, transport="smtp", port=wire.port, more=more)
    fill(app, [smuggling(article, n) for n, article in enumerate(a_week())], readers=20)
    send(app)
    app.close()
    assert len(wire.taken) == sum(wire.counts.values()) == 20
    assert set(wire.commands) <= {"CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "RSET", "QUIT"}
    assert wire.commands["MAIL"] == wire.commands["DOT"] == 20
    assert wire.impatient == 0
    check(wire, signed=True)


#: What some server or other takes for the end of a message (VU#302671).
_SOME_END = re.compile(rb"(?:\r\n|\r|\n|\0)\.(?=[\r\n\0])")


@pytest.mark.parametrize("script", ["latin", "greek"])
def test_t26_whatever_a_server_takes_for_an_end_it_sees_one_message_for_each_reader(
    tmp_path: Path, wire: Sink, script: str, figures: Figures
) -> None:
    own = tmp_path / "templates" / "email" / "edition"
    own.mkdir(parents=True)
    theirs = (default_theme() / "edition" / "body.txt").read_text("utf-8")
    more = "Τα νέα της εβδομάδας και τι σημαίνουν. " * 200 if script == "greek" else ""
    evil = "".join(f"{each}MAIL FROM:<v@x.example>" for each in PAYLOADS)
    (own / "body.txt").write_bytes(f"{theirs}{more}{evil}".encode())
    app = an_app(tmp_path, transport="smtp", port=wire.port)
    fill(app, [smuggling(article, n) for n, article in enumerate(a_week())], readers=4)
    draft = pipeline.draft_edition(app, "weekly")
    pipeline.edit_words(app, draft, {"note": evil, "stand_first": PAYLOADS[3]}, "Ada")
    send(app)
    app.close()
    assert len(wire.taken) == 4
    assert sum(len(_SOME_END.findall(spoken)) for spoken in wire.spoken) == 4
    encoding = b"base64" if script == "greek" else b"quoted-printable"
    for one in wire.taken:
        assert b"Content-Transfer-Encoding: " + encoding in one.content
        text = message_from_bytes(one.content, policy=policy.SMTP).get_body(("plain",))
        assert text
        assert text.get_content().count("\r\n.\r\nMAIL FROM:<v@x.example>") >= 2
    check(wire)
    figures("T26", payloads=len(PAYLOADS), messages=4, ends_seen_by_any_server=4)


def smuggling(article: Article, number: int) -> Article:
    """Return an article whose text would end a message if it left as it is."""
    evil = PAYLOADS[number % len(PAYLOADS)]
    after = "MAIL FROM:<v@x.example>\r\nRCPT TO:<v@x.example>\r\nDATA\r\n"
    return replace(article, summary=f"{article.summary}{evil}{after}", author_bio=f"a{evil}b")


def test_t27_an_injected_address_is_nobody_s_mail(make_outlet: MakeOutlet, wire: Sink) -> None:
    outlet = make_outlet(readers=20)
    evil = [each for each in INJECTIONS if "\0" not in each or "sqlite" in outlet.database]
    with outlet.app.database.transaction() as tx:
        for number, injection in enumerate(evil):
            words = {"bad": injection, "good": address(number)}
            tx.execute(sa.text("UPDATE delivery SET email = :bad WHERE email = :good"), words)
    assert outlet.drain().finished
    assert {row.email for row in outlet.rows(DeliveryState.FAILED)} == set(evil)
    assert set(wire.counts) == {address(number) for number in range(len(evil), 20)}
    assert not any(b"v@x.example" in spoken for spoken in wire.spoken)
    check(wire)


def test_t28_readers_at_idn_domains_are_reached_at_their_a_labels(
    tmp_path: Path, wire: Sink
) -> None:
    app = an_app(tmp_path, transport="smtp", port=wire.port)
    fill(app)
    scripts = "bücher пример 例え παράδειγμα مثال उदाहरण דוגמה 예시 ตัวอย่าง åäö".split()
    for n in range(50):
        tail = "" if n % 10 in (4, 6) else n  # digits may not end a right-to-left label
        add_subscriber(app, f"r{n}@{scripts[n % 10]}{tail}.example", "weekly", confirmed=True)
    send(app)
    app.close()
    assert sum(wire.counts.values()) == 50
    for one in wire.taken:
        assert re.fullmatch(r"r\d+@xn--[a-z0-9-]+\.example", one.recipient)
        assert f"To: {one.recipient}\r\n".encode() in one.content
    check(wire)


#: What a relay answers that takes nothing from us, by the command it answers.
REFUSALS = {
    "an expired password": ("AUTH", "535 5.7.8 password expired"),
    "a password it no longer wants": ("AUTH", "534 5.7.9 use another way"),
    "a login it now asks for": ("MAIL", "530 5.7.0 authentication required"),
    "a sender it does not serve": ("MAIL", "553 5.7.1 not your address"),
    "a relay that is not ours": ("RCPT", "554 5.7.1 relay access denied"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_t29_a_relay_that_takes_nothing_from_us_costs_no_reader(
    make_outlet: MakeOutlet,
    sink: Sink,
    what: str,
    figures: Figures,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    login = {"DIGEST_MAIL__SMTP__USERNAME": "digest", "DIGEST_MAIL__SMTP__PASSWORD": "secret"}
    outlet, (command, reply) = make_outlet(readers=40, **login), REFUSALS[what]
    monkeypatch.setattr(sink, "extensions", (*Sink.extensions, "AUTH PLAIN"))
    sink.wire = True
    sink.rule = lambda heard: Say(reply) if heard.command == command else None
    tick(outlet)
    assert outlet.edition.state is EditionState.PAUSED
    assert reply[4:] in outlet.edition.reason
    assert outlet.numbers.open == 40
    assert "is paused" in caplog.text
    asked = sink.commands[command]
    tick(outlet, 600)
    assert sink.commands[command] <= asked + 1  # no edition's; perhaps the notice, once more
    said = b"".join(map(bytes, sink.spoken))
    assert not sink.taken
    assert b"List-Unsubscribe" not in said  # not a byte of a message left
    if command == "AUTH":
        assert not re.search(rb"r\d+@[abc]\.example", said)  # nor did a name
    sink.rule = None
    pipeline.resume_edition(outlet.app, outlet.edition)
    tick(outlet)
    assert {row.state for row in outlet.rows()} == {DeliveryState.SENT}
    assert {sink.counts[address(n)] for n in range(40)} == {1}
    figures("T29", tries=asked, failed=0, mails=0)
