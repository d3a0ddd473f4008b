"""Write mail headers: refuse control characters, encode words, fold only where it is safe.

The standard library's folding turns long URLs and IDN addresses into encoded words, and
receivers refuse those or drop the unsubscribe button.
"""

import re
from base64 import b64encode

import ada_url

from digest.errors import RenderError

_LINE = 76  #: columns of a line with an encoded word (RFC 2047 2); we keep to it everywhere
_WORD = 75  #: columns of one encoded word
_LONGEST = 998  #: octets of any line (RFC 5322 2.1.1)
_NAME = re.compile(r"[A-Za-z0-9-]+")
#: C0, DEL, C1, line and paragraph separators, lone surrogates: nothing a header may hold (T24).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SIMPLE_TEXT = re.compile(r"[!-~]{1,60}( [!-~]{1,60})*")
_SIMPLE_PHRASE = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+( [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_QUOTABLE = re.compile(r"[ -~]{1,60}")
_MAILBOX = re.compile(r"[^\s<>()\[\]:;,\"\\@]+@[^\s<>()\[\]:;,\"\\@]+")
#: What stays itself in a "Q" word inside a phrase (RFC 2047 5, rule 3).
_PLAIN_Q = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")


def field(name: str, *parts: str) -> bytes:
    """Return a structured header line, folded between `parts` and nowhere else."""
    for part in parts:
        _refuse_unsafe(name, part)
        if "=?" in part:
            raise RenderError(f"{name}: an encoded word is not allowed here")
        if len(part.encode()) + len(name) + 2 > _LONGEST:
            raise RenderError(f"{name}: longer than {_LONGEST} bytes")
    return _line(name, *parts)


def text_field(name: str, text: str) -> bytes:
    """Return a header line of free text, as it is or in encoded words."""
    _refuse_unsafe(name, text)
    if not text:
        return f"{name}:\r\n".encode()
    if _SIMPLE_TEXT.fullmatch(text) and "=?" not in text:
        return _line(name, *_folded(text, _LINE - len(name) - 2))
    return _line(name, *_encoded_words(text, _LINE - len(name) - 2))


def mailbox_field(name: str, display: str, email: str) -> bytes:
    """Return a header line with one mailbox: a display name, if any, and an address."""
    _refuse_unsafe(name, display)
    address = mail_address(name, email)
    if not display:
        return field(name, address)
    words = _phrase(display, _LINE - len(name) - 2)
    together = f"{words[0]} <{address}>"
    if len(words) == 1 and len(name) + 2 + len(together) <= _LINE:
        return _line(name, together)
    return _line(name, *words, f"<{address}>")


def list_id(title: str, identifier: str) -> bytes:
    """Return the List-Id line (RFC 2919); a title that would need encoding is left out."""
    _refuse_unsafe("List-Id", title)
    if not title.isascii() or "=?" in title or not _QUOTABLE.fullmatch(title):
        return field("List-Id", f"<{identifier}>")
    return field("List-Id", f"{_phrase(title, _LINE)[0]} <{identifier}>")


def mail_address(name: str, email: str) -> str:
    """Return `email` with its domain in A-labels (RFC 5891); `name` is for the error."""
    _refuse_unsafe(name, email)
    if not _MAILBOX.fullmatch(email):
        raise RenderError(f"{name}: {email!r} is not a bare e-mail address")
    local, _, domain = email.partition("@")
    return email if domain.isascii() else f"{local}@{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """Return a domain in A-labels by UTS #46."""
    _refuse_unsafe("domain", domain)
    found = domain if domain.isascii() else ada_url.idna.encode(domain).decode()
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", found):
        raise RenderError(f"{domain!r} is not a domain name")
    return found.lower()


def _refuse_unsafe(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise RenderError(f"{name!r} is not a header name")
    found = _UNSAFE.search(value)
    if found:
        raise RenderError(f"{name}: holds U+{ord(found[0]):04X}, which no header may hold")


def _line(name: str, *parts: str) -> bytes:
    return (f"{name}: " + "\r\n ".join(parts) + "\r\n").encode()


def _folded(text: str, room: int) -> list[str]:
    """Break plain text before spaces; each break stands for the space it replaces."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
            room = _LINE - 1
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _phrase(text: str, room: int) -> list[str]:
    if "=?" not in text:
        if _SIMPLE_PHRASE.fullmatch(text) and len(text) <= 60:
            return [text]
        if _QUOTABLE.fullmatch(text):
            return ['"' + re.sub(r'(["\\])', r"\\\1", text) + '"']
    return _encoded_words(text, room)


def _encoded_words(text: str, room: int) -> list[str]:
    """Cut `text` between characters into encoded words, so that each decodes by itself."""
    encode = _q_word if len(_q_word(text)) <= len(_b_word(text)) else _b_word
    words, chunk = [], ""
    for char in text:
        if len(encode(chunk + char)) > min(room, _WORD):
            words.append(encode(chunk))
            chunk, room = "", _WORD
        chunk += char
    return [*words, encode(chunk)]


def _q_word(text: str) -> str:
    coded = "".join(chr(byte) if byte in _PLAIN_Q else f"={byte:02X}" for byte in text.encode())
    return f"=?utf-8?q?{coded.replace('=20', '_')}?="


def _b_word(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="
