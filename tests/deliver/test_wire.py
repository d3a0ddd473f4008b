"""What a server has received, byte by byte, after compiling, joining and sending."""

import json
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest.deliver.message import build, compile_message
from digest.deliver.transports.smtp import SmtpTransport
from digest.deliver.verify import EDITION_FIELDS
from digest.settings.tables import Smtp
from digest.text import clean
from tests.deliver.make import LINK, a_head, a_recipient, a_rendered
from tests.sink import Received, Sink, running

_BUTTON = re.compile(
    rb"\r\nList-Unsubscribe: <(https://\S+/u/0[A-Za-z0-9_-]{32})>,\r\n <(mailto:\S+)>\r\n"
)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with running(Sink()) as one:
        yield one


@pytest.fixture
def transport(sink: Sink) -> Iterator[SmtpTransport]:
    sink.received.clear()
    relay = Smtp(host=sink.host, port=sink.port, security="none")
    one = SmtpTransport(relay, "news.example")
    yield one
    one.close()


def _check(received: Received) -> None:
    content = received.content
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    head = content.partition(b"\r\n\r\n")[0] + b"\r\n"
    parsed = message_from_bytes(content, policy=policy.SMTP)
    assert tuple(parsed.keys()) == EDITION_FIELDS
    button = _BUTTON.search(head)
    assert button
    unfolded = b"<" + button[1] + b">, <" + button[2] + b">"
    assert str(parsed["List-Unsubscribe"]).encode() == unfolded
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    words = {name for name, value in parsed.raw_items() if "=?" in value}
    assert words <= {"From", "Subject"}


def test_five_hundred_readers_each_get_their_own(sink: Sink, transport: SmtpTransport) -> None:
    compiled = compile_message(a_rendered(), a_head())
    for n in range(500):
        transport.send(build(compiled, a_recipient(n)))
    assert [one.recipient for one in sink.received] == [
        f"reader{n}@mail.example" for n in range(500)
    ]
    for n, one in enumerate(sink.received):
        _check(one)
        parsed = message_from_bytes(one.content, policy=policy.SMTP)
        assert parsed["To"] == one.recipient
        assert parsed["Message-ID"] == f"<e12.d{n}@news.example>"
        # In the button, in the mailto, and in each of the two parts: their own token, no other.
        assert set(re.findall(rb"(?:/u/|unsubscribe-)0(\S{32})", one.content)) == {b"%032d" % n}
        assert one.content.count(b"%032d" % n) == 4


@pytest.mark.parametrize(
    "payload", ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\r\n", "\r\n.\n", "\n..\n", "\r\n.\r\nQUIT\r\n"]
)
@pytest.mark.parametrize("filler", ["", "Гавань " * 40])
def test_a_body_cannot_smuggle_a_second_message(
    sink: Sink, transport: SmtpTransport, payload: str, filler: str
) -> None:
    evil = f"{filler}a{payload}MAIL FROM:<v@x.example>\r\nRCPT TO:<v@x.example>\r\nDATA\r\n{LINK}"
    compiled = compile_message(a_rendered(text=evil, html=evil), a_head())
    transport.send(build(compiled, a_recipient()))
    assert len(sink.received) == 1
    _check(sink.received[0])


def test_naughty_strings_arrive_as_text_and_nothing_else(
    sink: Sink, transport: SmtpTransport, corpus: Callable[[str], Path]
) -> None:
    path = corpus("naughty-strings") / "blns.json"
    strings = [clean(string) for string in json.loads(path.read_text("utf-8"))]
    for n, string in enumerate(strings):
        rendered = a_rendered(subject=string, text=f"{string}\n{LINK}", html=f"{string}\n{LINK}")
        head = a_head(sender_name=string, title=string)
        transport.send(build(compile_message(rendered, head), a_recipient(n)))
    assert len(sink.received) == len(strings)
    for string, one in zip(strings, sink.received, strict=True):
        _check(one)
        parsed = message_from_bytes(one.content, policy=policy.SMTP)
        assert parsed["Subject"] == string
        assert [box.addr_spec for box in parsed["From"].addresses] == ["weekly@news.example"]


def test_fifty_idn_readers_are_reached_at_their_a_labels(
    sink: Sink, transport: SmtpTransport
) -> None:
    compiled = compile_message(a_rendered(), a_head())
    scripts = [
        "bücher",
        "пример",
        "例え",
        "παράδειγμα",
        "مثال",
        "उदाहरण",
        "דוגמה",
        "예시",
        "ตัวอย่าง",
        "åäö",
    ]
    for n in range(50):
        email = f"reader{n}@{scripts[n % 10]}{'' if n % 10 in (4, 6) else n}.example"
        transport.send(build(compiled, a_recipient(n, email=email)))
    assert len(sink.received) == 50
    for one in sink.received:
        _check(one)
        assert re.fullmatch(r"reader\d+@xn--[a-z0-9-]+\.example", one.recipient)
        assert f"To: {one.recipient}\r\n".encode() in one.content
