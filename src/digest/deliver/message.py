"""Make messages: encode a rendered variant once, then join one reader's own parts per copy."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from digest.deliver import headers
from digest.deliver.dkim import Pattern, hashed, pattern
from digest.deliver.encoding import (
    base64_lines,
    check_wire,
    quoted_printable,
    wants_base64,
    wire_lines,
)
from digest.deliver.head import Head, Recipient
from digest.errors import DeliveryError, RenderError
from digest.model import Message, Rendered
from digest.text import TOKEN, short_id

_MARK = TOKEN.encode()
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_PLAIN = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
_SHORT = 256  #: characters
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of bytes cut at the token; encoded already, or to be encoded once it is filled."""

    segments: tuple[bytes, ...]
    base64: bool = False

    def fill(self, token: bytes) -> list[bytes]:
        """Return the bytes with `token` in every gap; joining is left to who needs it."""
        if self.base64:
            return [base64_lines(token.join(self.segments))]
        woven = [token] * (2 * len(self.segments) - 1)
        woven[::2] = self.segments
        return woven


@dataclass(frozen=True, slots=True)
class Compiled:
    """One variant of an edition, ready for any number of readers."""

    head: Head
    pieces: tuple[Piece, ...]
    return_path: str
    tagged: bool  #: bounces come to a mailbox of their own, which learns whose they are
    pattern: Pattern  #: of its DKIM signatures

    @property
    def sha256(self) -> str:
        """Return the hash of what is sent, tokens unfilled, without the reader's own lines."""
        return hashlib.sha256(_filled(self.pieces, _MARK)).hexdigest()


def compile_message(rendered: Rendered, head: Head) -> Compiled:
    """Encode everything that is the same for all readers of one variant; raise RenderError."""
    lines = _common_lines(rendered, head) + _list_lines(head)
    pieces = _merged([(lines, False), *_body(rendered)])
    marks = 2 + rendered.text.count(TOKEN) + rendered.html.count(TOKEN)
    if sum(len(piece.segments) - 1 for piece in pieces) != marks:
        raise RenderError("a recipient token was lost in encoding")
    check_wire(_filled(pieces, _MARK))
    return_path = headers.mail_address("Return-Path", head.return_path)
    tagged = return_path != headers.mail_address("From", head.sender_email)
    encoded = len(pieces) > 1 or pieces[0].base64
    signed = pattern(pieces[0].segments, encoded=encoded)
    return Compiled(head, pieces, return_path, tagged, signed)


class Copy(NamedTuple):
    """What one reader's message has of its own."""

    sender: str
    address: str  #: as the envelope has it
    name: str
    lines: bytes
    token: bytes


def build(compiled: Compiled, recipient: Recipient) -> Message:
    """Return one reader's message: the same bytes for the same delivery, at every attempt.

    Raises DeliveryError when the address or the token cannot stand in a header.
    """
    return finished(compiled, copy_for(compiled, recipient))


def finished(compiled: Compiled, copy: Copy, above: bytes = b"") -> Message:
    """Return the whole message, with more lines on top if there are any."""
    parts = _parts(compiled.pieces, copy.token, above + copy.lines)
    return Message(copy.sender, copy.address, parts, copy.name)


def body_hash(compiled: Compiled, copy: Copy) -> bytes:
    """Return the hash of a body that is encoded for each copy, as its signature has it."""
    return hashed(_filled(compiled.pieces, copy.token).partition(b"\r\n\r\n")[2])


def copy_for(compiled: Compiled, recipient: Recipient) -> Copy:
    """Return what is a reader's own; raise DeliveryError as `build` does."""
    head = compiled.head
    if not _TOKEN.fullmatch(recipient.token):
        raise DeliveryError("the recipient token is not 32 characters of base64url", permanent=True)
    given = recipient.message_id
    left = _left(given) if given else _numbered(head, recipient.delivery_id)
    own, address = _own_lines(recipient.email, recipient.date, left, head.domain)
    return Copy(_sender(compiled, recipient.tag), address, left, own, recipient.token.encode())


def _filled(pieces: Sequence[Piece], token: bytes, own: bytes = b"") -> bytes:
    return b"".join(_parts(pieces, token, own))


def _parts(pieces: Sequence[Piece], token: bytes, own: bytes) -> tuple[bytes, ...]:
    parts = [own]
    for piece in pieces:
        parts += piece.fill(token)
    return tuple(parts)


def _sender(compiled: Compiled, tag: str) -> str:
    """Return the envelope sender; a mailbox for bounces learns by the tag whose it is (VERP)."""
    if not tag or not compiled.tagged:
        return compiled.return_path
    local, _, domain = compiled.return_path.rpartition("@")
    return f"{local}+{tag}@{domain}"


def plain_message(
    rendered: Rendered, head: Head, to: str, date: datetime, message_id: str
) -> Message:
    """Return a single mail, a confirmation or a notice: no list headers, tokens as they are.

    `message_id` is the part left of the @. Without HTML the mail is text alone.
    """
    own, address = _own_lines(to, date, _left(message_id), head.domain)
    pieces = _merged([(_common_lines(rendered, head), False), *_body(rendered)])
    content = _filled(pieces, _MARK, own)
    sender = headers.mail_address("Return-Path", head.return_path)
    return Message(sender, address, (content,), message_id)


def _own_lines(email: str, date: datetime, left: str, domain: str) -> tuple[bytes, str]:
    """Return the header lines that differ, and the address as the envelope has it."""
    if date.tzinfo is None:
        raise ValueError("the date must be aware")
    if len(email) < _SHORT and _PLAIN.fullmatch(email):  # nearly all: nothing to look for
        address, to = email, f"To: {email}\r\n"
    else:
        address, to = _checked(email)
    return f"{to}Date: {_when(date)}\r\nMessage-ID: <{left}@{domain}>\r\n".encode(), address


def _numbered(head: Head, delivery_id: int) -> str:
    """Name a delivery, for ever the same; an edition that was approved without a mark has none."""
    numbers = f"e{head.edition_id}.d{delivery_id}"
    return f"{numbers}.{head.mark}" if head.mark else numbers


def _left(message_id: str) -> str:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"{message_id!r} cannot stand in a Message-ID")
    return message_id


def _checked(email: str) -> tuple[str, str]:
    try:
        address = headers.mail_address("To", email)
        return address, headers.field("To", address).decode()
    except RenderError as exc:
        raise DeliveryError(str(exc), permanent=True) from exc


@lru_cache(maxsize=8)
def _when(date: datetime) -> str:
    return format_datetime(date.astimezone(UTC))


def _common_lines(rendered: Rendered, head: Head) -> bytes:
    sender = headers.mail_address("From", head.sender_email)
    if not sender.isascii():
        raise RenderError("From: the sender's address must be ASCII before the @")
    reply_to = headers.mail_address("Reply-To", head.reply_to or sender)
    lines = [
        headers.mailbox_field("From", head.sender_name, sender),
        headers.field("Reply-To", reply_to),
        headers.text_field("Subject", rendered.subject),
        headers.field("MIME-Version", "1.0"),
        headers.field("Auto-Submitted", "auto-generated"),
        headers.field("X-Auto-Response-Suppress", "All"),
    ]
    return b"".join(lines)


def _list_lines(head: Head) -> bytes:
    mailbox = headers.mail_address("List-Unsubscribe", head.unsubscribe_email)
    link = f"<{head.base_url}/u/{head.key_id}{TOKEN}>,"
    mail = f"<mailto:{quote(mailbox, safe='@')}?subject=unsubscribe-{head.key_id}{TOKEN}>"
    if not re.fullmatch(r"<https?://[!-;=?-~]+>,", link):
        raise RenderError(f"List-Unsubscribe: {head.base_url!r} is not a plain web address")
    list_domain = headers.ascii_domain(f"{head.newsletter}.{head.domain}".replace("_", "-"))
    lines = [
        headers.list_id(head.title, list_domain),
        # Folded after the comma and nowhere else: receivers drop the button of a broken URL (T25).
        headers.field("List-Unsubscribe", link, mail),
        headers.field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        headers.field("Feedback-ID", _feedback_id(head)),
        headers.field("Precedence", "bulk"),
    ]
    return b"".join(lines)


def _feedback_id(head: Head) -> str:
    """Name edition, newsletter, kind and sender, never a reader; the sender's id is stable."""
    return f"e{head.edition_id}:{head.newsletter}:digest:{short_id(head.domain)}"


def _body(rendered: Rendered) -> list[tuple[bytes, bool]]:
    """Return Content-Type lines, blank line and body as runs of bytes, with base64 or not."""
    text = _part("plain", wire_lines(rendered.text, "text"))
    if not rendered.html:
        return text
    html = _part("html", wire_lines(rendered.html, "html"))
    # "=_" can stand in no quoted-printable line and no base64, so it never ends a part early.
    boundary = "=_" + hashlib.sha256(repr((rendered.text, rendered.html)).encode()).hexdigest()[:24]
    first = headers.field("Content-Type", "multipart/alternative;", f'boundary="{boundary}"')
    mark = f"--{boundary}".encode()
    return [
        (first + b"\r\n" + mark + b"\r\n", False),
        *text,
        (mark + b"\r\n", False),
        *html,
        (mark + b"--\r\n", False),
    ]


def _part(subtype: str, raw: bytes) -> list[tuple[bytes, bool]]:
    base64 = wants_base64(raw)
    coding = "base64" if base64 else "quoted-printable"
    lines = headers.field("Content-Type", f'text/{subtype}; charset="utf-8"')
    lines += headers.field("Content-Transfer-Encoding", coding) + b"\r\n"
    body = raw if base64 else quoted_printable(raw)
    return [(lines, False), (body, base64), (b"\r\n", False)]


def _merged(runs: list[tuple[bytes, bool]]) -> tuple[Piece, ...]:
    """Join neighbours that need no encoding, then cut everything at the token."""
    joined: list[tuple[bytes, bool]] = []
    for run, base64 in runs:
        if joined and not base64 and not joined[-1][1]:
            joined[-1] = (joined[-1][0] + run, False)
        else:
            joined.append((run, base64))
    return tuple(Piece(tuple(run.split(_MARK)), base64) for run, base64 in joined)
