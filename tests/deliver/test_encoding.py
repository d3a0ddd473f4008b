import base64
import quopri
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.deliver.encoding import base64_lines, quoted_printable, wants_base64, wire_lines
from digest.errors import RenderError
from digest.text import TOKEN

#: Texts with what quoted-printable can stumble over, and tokens.
texts = st.lists(
    st.one_of(
        st.text(max_size=90),
        st.sampled_from(
            [TOKEN, "\n", ".", "\n.", "From ", "\nFrom ", "=", " ", "\t", "\r", "é", "😀"]
        ),
        st.integers(0, 90).map("x".__mul__),
    ),
    max_size=30,
).map("".join)


def _normal(text: str) -> bytes:
    return re.sub("\r\n|\r|\n", "\r\n", text).encode()


@given(texts)
@example("x" * 74 + "." + "y" * 80)
@example("x" * 75 + ".\n")
@example("x" * 75 + "From me")
@example("x" * 76)
@example("x" * 74 + "é")
@example(" \n \n\t\n" + " " * 200)
@example("x" * 50 + TOKEN + TOKEN + TOKEN)
@example("." * 200)
def test_quoted_printable_reads_back_and_keeps_its_rules(text: str) -> None:
    encoded = quoted_printable(wire_lines(text, "text"))
    assert quopri.decodestring(encoded) == _normal(text)
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))
        assert not line.startswith((b".", b"From "))
        assert re.fullmatch(rb"[\t -~]*", line)


@given(texts)
def test_a_token_is_never_split(text: str) -> None:
    encoded = quoted_printable(wire_lines(text, "text"))
    assert encoded.count(TOKEN.encode()) == text.count(TOKEN)


@given(texts, st.text("ABCxyz019-_", min_size=32, max_size=32))
def test_filling_the_token_keeps_the_lines_short(text: str, token: str) -> None:
    encoded = quoted_printable(wire_lines(text, "text")).replace(TOKEN.encode(), token.encode())
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert quopri.decodestring(encoded) == _normal(text).replace(TOKEN.encode(), token.encode())


@given(texts)
def test_base64_reads_back_in_short_lines(text: str) -> None:
    encoded = base64_lines(wire_lines(text, "text"))
    assert base64.b64decode(encoded.replace(b"\r\n", b""), validate=True) == _normal(text)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))


def test_base64_is_for_text_that_is_mostly_beyond_ascii() -> None:
    assert not wants_base64(b"")
    assert not wants_base64(("x" * 85 + "é" * 7).encode())
    assert wants_base64(("x" * 83 + "é" * 9).encode())
    assert wants_base64("Гавань снова открыта".encode())


def test_a_lone_surrogate_is_an_error_that_names_the_part() -> None:
    with pytest.raises(RenderError, match="html part"):
        wire_lines("a\ud800b", "html")
