import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.deliver import headers
from digest.errors import RenderError

UNSAFE = [*map(chr, range(32)), "\x7f", "\x85", "\x9f", "\u2028", "\u2029", "\ud800"]
#: What a header may hold.
safe = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120)


def _value(line: bytes) -> str:
    """Return a header's value as a reader's program decodes it."""
    assert line.endswith(b"\r\n")
    raw = message_from_bytes(line + b"\r\n", policy=policy.compat32).items()[0][1]
    return str(make_header(decode_header(re.sub("\r?\n(?=[ \t])", "", raw))))


@pytest.mark.parametrize("char", UNSAFE)
def test_no_control_character_enters_a_header(char: str) -> None:
    for write in (
        lambda: headers.field("To", f"a{char}b"),
        lambda: headers.field(f"X-{char}", "a"),
        lambda: headers.text_field("Subject", f"a{char}b"),
        lambda: headers.text_field(f"Subject{char}", "a"),
        lambda: headers.mailbox_field("From", f"a{char}b", "a@b.example"),
        lambda: headers.mailbox_field("From", "a", f"a{char}@b.example"),
        lambda: headers.mail_address("To", f"a@b{char}.example"),
        lambda: headers.list_id(f"a{char}b", "weekly.news.example"),
        lambda: headers.ascii_domain(f"a{char}.example"),
    ):
        with pytest.raises(RenderError):
            write()


@pytest.mark.parametrize("name", ["", "A B", "A:", "Bcc: x@y\r\nTo", "Ä"])
def test_a_header_name_is_letters_digits_and_dashes(name: str) -> None:
    with pytest.raises(RenderError):
        headers.field(name, "x")


def test_the_error_names_the_field() -> None:
    with pytest.raises(RenderError, match=r"Subject: holds U\+000A"):
        headers.text_field("Subject", "Hello\nBcc: v@x.example")


@given(safe)
@example("=?utf-8?q?not_a_word?=")
@example(" leading and trailing ")
@example("two  spaces")
@example("x" * 300)
@example("word " * 60)
@example("é" * 300)
@example("Ships 🚢👩‍👩‍👧 sail – again, and the ferries left on time; what is next for the harbour?")
def test_a_subject_reads_back_in_short_lines(text: str) -> None:
    line = headers.text_field("Subject", text)
    assert all(len(part) <= 76 for part in line.split(b"\r\n"))
    assert line.isascii()
    for word in re.findall(rb"=\?utf-8\?[qb]\?[^?]*\?=", line):
        assert len(word) <= 75
        assert str(make_header(decode_header(word.decode())))
    assert _value(line) == text


def test_plain_ascii_stays_readable() -> None:
    assert headers.text_field("Subject", "Harbour reopens") == b"Subject: Harbour reopens\r\n"
    long = "Harbour reopens after the storm, and four more stories from this long and windy week"
    assert b"=?" not in headers.text_field("Subject", long)
    assert headers.text_field("Subject", long).count(b"\r\n ") == 1


@given(safe)
@example('St. "Ferry" O\\Neil, Ed. <x@y>')
@example("=?utf-8?q?x?=")
@example("n" * 200)
@example("Zeitung für Überall und noch viel mehr, jeden Montag – die längste der Welt")
def test_a_display_name_reads_back_beside_its_address(name: str) -> None:
    line = headers.mailbox_field("From", name, "weekly@news.example")
    assert all(len(part) <= 130 for part in line.split(b"\r\n"))
    parsed = message_from_bytes(line + b"\r\n", policy=policy.SMTP)
    assert [one.addr_spec for one in parsed["From"].addresses] == ["weekly@news.example"]
    assert list(parsed.keys()) == ["From"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Atlas Weekly", b"Atlas Weekly <a@b.example>"),
        ("St. Gallen", b'"St. Gallen" <a@b.example>'),
        ('The "A"', b'"The \\"A\\"" <a@b.example>'),
        ("Bücher", b"=?utf-8?q?B=C3=BCcher?= <a@b.example>"),
        ("", b"a@b.example"),
    ],
)
def test_a_display_name_is_written_as_simply_as_it_can_be(name: str, written: bytes) -> None:
    assert headers.mailbox_field("From", name, "a@b.example") == b"From: " + written + b"\r\n"


def test_a_domain_becomes_its_a_label() -> None:
    assert headers.mail_address("To", "a@exämple.com") == "a@xn--exmple-cua.com"
    assert headers.mail_address("To", "ü@exämple.com") == "ü@xn--exmple-cua.com"
    assert headers.ascii_domain("Straße.Example") == "xn--strae-oqa.example"


@pytest.mark.parametrize(
    "email", ["", "a", "a@", "@b", "a@b@c", "a b@c", "<a@b>", "a@b>", "A <a@b>", "a@b,c@d", "a;b@c"]
)
def test_only_one_bare_address_stands_in_an_address_header(email: str) -> None:
    with pytest.raises(RenderError):
        headers.mail_address("To", email)


def test_a_structured_field_is_folded_only_between_its_parts() -> None:
    line = headers.field("List-Unsubscribe", "<https://" + "a" * 180 + ">,", "<mailto:b@c>")
    assert line == b"List-Unsubscribe: <https://" + b"a" * 180 + b">,\r\n <mailto:b@c>\r\n"


def test_a_structured_field_has_no_encoded_word_and_no_endless_line() -> None:
    for value in ("=?utf-8?q?x?=", "x" * 999):
        with pytest.raises(RenderError):
            headers.field("List-Unsubscribe", value)


@pytest.mark.parametrize("title", ["Die Woche für alle", "=?utf-8?q?x?=", "x" * 200, ""])
def test_a_list_id_goes_without_a_title_that_needs_encoding(title: str) -> None:
    assert headers.list_id(title, "weekly.news.example") == b"List-Id: <weekly.news.example>\r\n"


def test_a_list_id_has_a_plain_title() -> None:
    line = headers.list_id("The Week: No. 1", "weekly.news.example")
    assert line == b'List-Id: "The Week: No. 1" <weekly.news.example>\r\n'
