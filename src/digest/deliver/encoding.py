"""Encode a body part for the wire: quoted-printable that keeps tokens whole, or base64."""

import re
from binascii import b2a_base64

from digest.errors import RenderError
from digest.text import TOKEN

#: Above this share of bytes beyond ASCII base64 (4/3) is smaller and cheaper than =XX (3).
BASE64_SHARE = 0.15
_LINE = 76  #: RFC 2045 6.7, without CRLF

_MARK = TOKEN.encode()
_UNITS = re.compile(re.escape(_MARK) + b"|.", re.DOTALL)
_BEYOND_ASCII = bytes(range(0x80, 0x100))
_TABLE = {bytes([n]): f"={n:02X}".encode() for n in range(256)} | {
    bytes([n]): bytes([n]) for n in (0x09, *range(0x20, 0x7F)) if n != ord("=")
}


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
    units = [_TABLE.get(unit, unit) for unit in _UNITS.findall(line)]
    if units and units[-1] in (b" ", b"\t"):
        units[-1] = b"=%02X" % ord(units[-1])
    return b"=\r\n".join(_wrapped(units))


def _wrapped(units: list[bytes]) -> list[bytes]:
    """Fill lines greedily, leaving a column for the soft break's equals sign."""
    lines: list[bytes] = []
    begin = room = 0
    for place, unit in enumerate(units):
        if place and room + len(unit) > _LINE - 1:
            lines.append(_safe_start(units[begin:place]))
            begin, room = place, 0
        # A line's first character may grow to three.
        room += len(unit) if room else max(3, len(unit))
    lines.append(_safe_start(units[begin:]))
    return lines


def _safe_start(units: list[bytes]) -> bytes:
    line = b"".join(units)
    if line.startswith((b".", b"From ")):
        return b"=%02X" % line[0] + line[1:]
    return line
