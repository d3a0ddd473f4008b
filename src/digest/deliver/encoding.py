"""Encode a body part for the wire: quoted-printable that keeps tokens whole, or base64."""

import re
from binascii import b2a_base64

from digest.errors import RenderError
from digest.text import TOKEN

#: Above this share of bytes beyond ASCII base64 (4/3) is smaller and cheaper than =XX (3).
BASE64_SHARE = 0.15
_LINE = 76  #: RFC 2045 6.7, without CRLF

_MARK = TOKEN.encode()
_BEYOND_ASCII = bytes(range(0x80, 0x100))
_TO_ENCODE = re.compile(rb"[^\t\x20-<>-~]")


def wire_lines(text: str, part: str) -> bytes:
    """Return `text` as UTF-8 with CRLF line ends; `part` names it in the error."""
    try:
        raw = text.encode()
    except UnicodeEncodeError as exc:
        raise RenderError(f"the {part} part holds a lone surrogate, which is no text") from exc
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def wants_base64(raw: bytes) -> bool:
    """Say whether `raw` is mostly beyond ASCII, so that quoted-printable would bloat it."""
    beyond = len(raw) - len(raw.translate(None, _BEYOND_ASCII))
    return beyond > BASE64_SHARE * len(raw)


def quoted_printable(raw: bytes) -> bytes:
    """Encode CRLF lines by RFC 2045 6.7 in at most 76 columns.

    A token placeholder is never split. No line starts with a dot or "From ", so neither
    dot-stuffing nor a mailbox file changes it; no line ends in a space.
    """
    return b"\r\n".join(_encode_line(line) for line in raw.split(b"\r\n"))


def check_wire(content: bytes) -> None:
    """Raise RenderError for bytes that would not arrive as they are; once for all copies (T26)."""
    pairs = content.count(b"\r\n")
    if content.count(b"\r") != pairs or content.count(b"\n") != pairs or b"\0" in content:
        raise RenderError("the message has a bare CR or LF, or a NUL")
    if b"\r\n." in content or content.startswith(b".") or not content.endswith(b"\r\n"):
        raise RenderError("a line of the message starts with a dot, or the last one has no end")


def base64_lines(raw: bytes) -> bytes:
    """Encode `raw` as base64 in lines of 76 columns, without a last line end."""
    whole = b2a_base64(raw, newline=False)
    return b"\r\n".join([whole[at : at + _LINE] for at in range(0, len(whole), _LINE)])


def _encode_line(line: bytes) -> bytes:
    coded = _TO_ENCODE.sub(lambda unit: b"=%02X" % unit[0][0], line)
    if coded.endswith((b" ", b"\t")):
        coded = coded[:-1] + b"=%02X" % coded[-1]
    return b"=\r\n".join(_safe_start(part) for part in _wrapped(coded))


def _wrapped(coded: bytes) -> list[bytes]:
    """Fill lines greedily, leaving a column for the soft break's equals sign."""
    lines: list[bytes] = []
    begin = 0
    while True:
        whole = coded[begin : begin + 1] == b"=" or coded.startswith(_MARK, begin)
        # A line's first character may grow to three.
        end = begin + _LINE - 1 - (0 if whole else 2)
        if end >= len(coded):
            return [*lines, coded[begin:]]
        end = _between_units(coded, end)
        lines.append(coded[begin:end])
        begin = end


def _between_units(coded: bytes, end: int) -> int:
    """Return the last place up to `end` that lies in no `=XX` and no token."""
    token = coded.find(_MARK, end - len(_MARK) + 1, end + len(_MARK) - 1)
    if token >= 0:
        return token
    escape = coded.find(b"=", end - 2, end)
    return end if escape < 0 else escape


def _safe_start(line: bytes) -> bytes:
    if line.startswith((b".", b"From ")):
        return b"=%02X" % line[0] + line[1:]
    return line
