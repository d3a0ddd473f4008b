"""Turn bytes into text by what they say of themselves, and read JSON strictly."""

import codecs
import json
import re
from typing import Any, NoReturn

from digest.errors import IngestError

#: Declared names that are followed; Python has codecs that are no character sets.
_CHARSETS = re.compile(
    r"(?i)utf[-_]?(8|16|32)([-_]?[bl]e)?|us[-_]?ascii|ascii|latin[-_]?\d|(windows|cp|ibm|iso|mac|koi8|"
    r"big5|gb|euc|shift|sjis|ks_c|tis)[\w.:-]*"
)
_DECLARED = re.compile(rb"""(?i)(?:encoding|charset)\s*=\s*["']?\s*([\w.:-]{2,40})""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Where zero bytes stand among the first four of an ASCII text in wider encodings.
_SHAPES = {
    b"\1\0\1\0": "utf-16-le",
    b"\0\1\0\1": "utf-16-be",
    b"\1\0\0\0": "utf-32-le",
    b"\0\0\0\1": "utf-32-be",
}


def decode(content: bytes, content_type: str = "") -> str:
    """Return `content` as text: by byte order mark, HTTP header, its own word, UTF-8, Latin-1.

    A wrong declaration is passed over: UTF-8 is tried before giving in to Windows-1252.
    """
    for name in (_marked(content), _charset(content_type.encode()), _inner(content), "utf-8"):
        if name:
            try:
                return content.decode(name).removeprefix("\ufeff")
            except (LookupError, UnicodeError):
                continue
    return content.decode("cp1252", "replace")


def read_json(text: str) -> Any:
    """Return the value of a JSON text by RFC 8259; IngestError says where it is none."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as exc:
        raise IngestError("JSON nested too deeply") from exc
    except ValueError as exc:
        raise IngestError(f"not valid JSON: {exc}") from exc


def comments(*values: object) -> dict[str, int]:
    """Return the first of some values that is a count of comments, as counts."""
    texts = (str(value).strip() for value in values if not isinstance(value, bool))
    usable = (text for text in texts if text.isascii() and text.isdecimal() and len(text) < 10)
    return next(({"comments": int(text)} for text in usable), {})


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _marked(content: bytes) -> str:
    """Return the encoding a byte order mark or the zeros around the first `<` or `{` give away."""
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    shape = bytes(min(byte, 1) for byte in content[:4])
    return _SHAPES.get(shape, "")


def _inner(content: bytes) -> str:
    head = content[:2_048]
    if re.match(rb"\s*<\?xml", head):
        return _charset(head.partition(b">")[0])
    found = re.search(rb"(?i)<meta[^>]{0,200}charset[^>]{0,200}>", head)
    return _charset(found[0]) if found else ""


def _charset(text: bytes) -> str:
    found = _DECLARED.search(text)
    name = found[1].decode("ascii", "ignore") if found else ""
    return name if _CHARSETS.fullmatch(name) else ""
