import json
import re
import time
from collections.abc import Callable
from datetime import timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.head import head_for
from digest.deliver.message import build, compile_message, plain_message
from digest.deliver.verify import EDITION_FIELDS, PLAIN_FIELDS, verify
from digest.errors import DeliveryError, RenderError
from digest.model import Message, Rendered
from digest.settings.tables import Settings
from digest.text import TOKEN, clean
from tests.deliver.make import LINK, a_head, a_recipient, a_rendered
from tests.make import NOW

SMUGGLING = ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\r\n", "\r\n.\n", "\r.\r\n", "\r\n.\r\n\r\n.\r\n"]


def _parse(message: Message) -> EmailMessage:
    parsed = message_from_bytes(message.content, policy=policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def _bodies(message: Message) -> tuple[str, str]:
    text, html = (
        part.get_payload(decode=True) for part in _parse(message).walk() if not part.is_multipart()
    )
    assert isinstance(text, bytes)
    assert isinstance(html, bytes)
    return text.decode(), html.decode()


def _build(rendered: Rendered, **head: Any) -> Message:
    return build(compile_message(rendered, a_head(**head)), a_recipient())


def test_a_message_has_exactly_the_headers_it_should() -> None:
    message = _build(a_rendered())
    head = message.content.partition(b"\r\n\r\n")[0].decode()
    token = "0" * 31 + "1"
    assert head.split("\r\n")[:-2] == [
        "To: reader1@mail.example",
        "Date: Mon, 23 Nov 2026 06:30:00 +0000",
        "Message-ID: <e12.d1@news.example>",
        "From: Atlas Weekly <weekly@news.example>",
        "Reply-To: editor@news.example",
        "Subject: Harbour reopens, and four more stories",
        "MIME-Version: 1.0",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "List-Id: The Week at Atlas <weekly.news.example>",
        f"List-Unsubscribe: <https://digest.news.example/u/0{token}>,",
        f" <mailto:leave@news.example?subject=unsubscribe-0{token}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Feedback-ID: e12:weekly:digest:famarpzgjm2a",
        "Precedence: bulk",
    ]
    assert re.search(r'Content-Type: multipart/alternative;\r\n boundary="=_[0-9a-f]{24}"$', head)
    assert (message.sender, message.recipient) == ("bounces@news.example", "reader1@mail.example")
    assert message.name == "e12.d1"
    verify(message)


def test_text_comes_first_and_both_parts_read_back_with_the_token() -> None:
    message = _build(a_rendered())
    parts = [part.get_content_type() for part in _parse(message).walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    link = LINK.replace(TOKEN, "0" * 31 + "1")
    text, html = _bodies(message)
    assert text == a_rendered().text.replace(LINK, link).replace("\n", "\r\n")
    assert html == a_rendered().html.replace(LINK, link).replace("\n", "\r\n")
    assert TOKEN.encode() not in message.content


def test_every_attempt_gives_the_same_bytes() -> None:
    assert _build(a_rendered()) == _build(a_rendered())


def test_the_hash_covers_subject_bodies_and_header_but_no_reader() -> None:
    one = compile_message(a_rendered(), a_head()).sha256
    assert one == compile_message(a_rendered(), a_head()).sha256
    for other in (
        compile_message(a_rendered(subject="Another"), a_head()),
        compile_message(a_rendered(text="Another"), a_head()),
        compile_message(a_rendered(html="Another"), a_head()),
        compile_message(a_rendered(), a_head(reply_to="other@news.example")),
    ):
        assert other.sha256 != one


bodies = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.sampled_from([TOKEN, "\n", *SMUGGLING, "--=_", "From ", "Гавань " * 9]),
    ),
    min_size=1,
).map("".join)


@settings(max_examples=60)
@given(bodies, bodies.filter(bool))
def test_any_body_reads_back(text: str, html: str) -> None:
    message = _build(a_rendered(text=text, html=html))
    verify(message)

    def sent(body: str) -> str:
        return re.sub("\r\n|\r|\n", "\r\n", body).replace(TOKEN, "0" * 31 + "1")

    assert _bodies(message) == (sent(text), sent(html))


def test_text_mostly_beyond_ascii_goes_as_base64_with_its_token() -> None:
    body = "Гавань снова открыта. " * 40 + LINK + "\n"
    message = _build(a_rendered(text=body, html=body))
    assert message.content.count(b"Content-Transfer-Encoding: base64\r\n") == 2
    assert TOKEN not in _bodies(message)[0]
    assert "0" * 31 + "1" in _bodies(message)[1]
    verify(message)


def test_each_part_is_encoded_as_suits_it() -> None:
    message = _build(a_rendered(text="Гавань открыта"))
    codings = re.findall(rb"Content-Transfer-Encoding: (\S+)", message.content)
    assert codings == [b"base64", b"quoted-printable"]


@pytest.mark.parametrize("payload", SMUGGLING)
def test_nothing_in_a_body_looks_like_the_end_of_a_message(payload: str) -> None:
    message = _build(a_rendered(text=f"a{payload}MAIL FROM:<v@x>", html=f"{payload}b"))
    assert b"\r\n." not in message.content
    verify(message)


def test_naughty_strings_never_change_the_header_set(corpus: Callable[[str], Path]) -> None:
    path = corpus("naughty-strings") / "blns.json"
    strings: list[str] = json.loads(path.read_text("utf-8"))
    assert len(strings) > 500
    for string in strings:
        for text in {string, clean(string)}:
            try:
                message = _build(a_rendered(subject=text), sender_name=text, title=text)
            except RenderError:
                assert text != clean(text)
                continue
            verify(message)
            assert _parse(message)["Subject"] == text


@pytest.mark.parametrize("field", ["subject", "sender_name", "title"])
@pytest.mark.parametrize("char", ["\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\ud800"])
def test_a_line_break_in_a_header_is_refused_by_name(field: str, char: str) -> None:
    given = {"subject": "Hello"} | {field: f"Hello{char}Bcc: victim@x.example"}
    rendered = a_rendered(subject=given.pop("subject"))
    with pytest.raises(RenderError, match=r"Subject|From|List-Id"):
        _build(rendered, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"newsletter": "week ly"},
        {"newsletter": "weekly\r\nBcc: v@x"},
        {"base_url": "https://digest.news.example/\r\n"},
        {"base_url": "https://digest.news.example>,<https://evil.example"},
        {"base_url": "javascript:alert(1)"},
        {"reply_to": "a@b.example, c@d.example"},
        {"unsubscribe_email": "a@b.example>\r\nBcc: v@x"},
        {"return_path": "a@b.example>\r\nRCPT TO:<v@x"},
        {"sender_email": "jürgen@news.example"},
    ],
)
def test_a_head_that_cannot_be_written_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(RenderError):
        _build(a_rendered(), **given)


@pytest.mark.parametrize("email", ["a@b.example\r\nBcc: v@x", "A <a@b.example>", "a@b, c@d", ""])
def test_a_bad_recipient_fails_alone(email: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        build(compile_message(a_rendered(), a_head()), a_recipient(email=email))
    assert caught.value.permanent


@pytest.mark.parametrize("token", ["", "x" * 31, "x" * 33, "x" * 31 + "\n", "x" * 31 + "é"])
def test_a_token_of_another_shape_is_refused(token: str) -> None:
    with pytest.raises(DeliveryError):
        build(compile_message(a_rendered(), a_head()), a_recipient(token=token))


def test_a_token_in_the_subject_is_refused() -> None:
    with pytest.raises(RenderError, match="token"):
        _build(a_rendered(subject=TOKEN))


def test_idn_addresses_are_written_at_their_a_labels() -> None:
    compiled = compile_message(a_rendered(), a_head(sender_email="weekly@bücher.example"))
    message = build(compiled, a_recipient(email="anna@exämple.com"))
    assert message.recipient == "anna@xn--exmple-cua.com"
    assert b"To: anna@xn--exmple-cua.com\r\n" in message.content
    assert b"From: Atlas Weekly <weekly@xn--bcher-kva.example>\r\n" in message.content
    assert message.content.isascii()
    verify(message)


def test_a_local_part_beyond_ascii_is_written_as_it_is() -> None:
    message = build(compile_message(a_rendered(), a_head()), a_recipient(email="jürgen@b.example"))
    assert not message.recipient.isascii()
    assert "To: jürgen@b.example\r\n".encode() in message.content
    verify(message)


def test_the_date_is_utc_and_aware() -> None:
    compiled = compile_message(a_rendered(), a_head())
    local = NOW.astimezone(timezone(timedelta(hours=-8)))
    assert build(compiled, a_recipient(date=local)) == build(compiled, a_recipient(date=NOW))
    with pytest.raises(ValueError, match="aware"):
        build(compiled, a_recipient(date=NOW.replace(tzinfo=None)))


def test_a_preview_and_a_test_send_have_their_own_message_id() -> None:
    compiled = compile_message(a_rendered(), a_head())
    message = build(compiled, a_recipient(0, token=TOKEN, message_id="test.e12.20261123"))
    assert b"Message-ID: <test.e12.20261123@news.example>\r\n" in message.content
    verify(message)
    with pytest.raises(ValueError, match="Message-ID"):
        build(compiled, a_recipient(message_id="a>\r\nBcc: x"))


def test_a_single_mail_has_no_list_headers() -> None:
    message = plain_message(a_rendered(), a_head(), "anna@mail.example", NOW, "confirm.7")
    verify(message, PLAIN_FIELDS)
    assert _parse(message).keys() == list(PLAIN_FIELDS)
    assert _parse(message)["Message-ID"] == "<confirm.7@news.example>"
    assert message.name == "confirm.7"


def test_a_single_mail_without_html_is_text_alone() -> None:
    message = plain_message(a_rendered(html=""), a_head(), "anna@mail.example", NOW, "notice.7")
    verify(message, (*PLAIN_FIELDS, "Content-Transfer-Encoding"))
    assert _parse(message).get_content_type() == "text/plain"


def test_outlets_of_one_domain_do_not_share_message_ids() -> None:
    compiled = compile_message(a_rendered(), a_head(mark="0123abcd"))
    message = build(compiled, a_recipient())
    assert _parse(message)["Message-ID"] == "<e12.d1.0123abcd@news.example>"


def test_the_head_comes_from_the_settings() -> None:
    config = Settings.model_validate(
        {
            "publication": {"name": "Bücher", "url": "https://bücher.example"},
            "mail": {"from": "Bücher <weekly@bücher.example>"},
            "web": {"base_url": "https://digest.bücher.example"},
            "newsletters": {"weekly": {"title": "Die Woche"}},
        }
    )
    head = head_for(config, "weekly", 12)
    assert (head.sender_name, head.domain) == ("Bücher", "xn--bcher-kva.example")
    assert head.reply_to == head.unsubscribe_email == "weekly@bücher.example"


def test_a_long_edition_is_joined_in_well_under_a_millisecond() -> None:
    html = "<p>Ships are moving again – at last.</p>\n" * 1500 + LINK
    compiled = compile_message(a_rendered(html=html), a_head())
    began = time.perf_counter()
    for n in range(200):
        build(compiled, a_recipient(n))
    assert (time.perf_counter() - began) / 200 < 0.002


def test_every_field_of_an_edition_is_there_once() -> None:
    assert len(set(EDITION_FIELDS)) == len(EDITION_FIELDS) == 15
