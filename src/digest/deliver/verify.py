"""Read a finished message back with the standard library and compare it with what was meant."""

import re
from email import message_from_string, policy
from email.message import EmailMessage

from digest.errors import RenderError
from digest.model import Message

_SINGLE = (
    "To Date Message-ID From Reply-To Subject MIME-Version Auto-Submitted X-Auto-Response-Suppress"
)
_LIST = "List-Id List-Unsubscribe List-Unsubscribe-Post Feedback-ID Precedence"
#: The header fields of an edition, in order; no more and no fewer.
EDITION_FIELDS = (*_SINGLE.split(), *_LIST.split(), "Content-Type")
#: Those of a confirmation or notice; text alone adds its Content-Transfer-Encoding.
PLAIN_FIELDS = (*_SINGLE.split(), "Content-Type")

_UNSUBSCRIBE = re.compile(
    rb"^List-Unsubscribe: <https?://[^\s<>]+/u/[A-Za-z0-9][A-Za-z0-9_-]{32}>,\r\n"
    rb" <mailto:[^\s<>]+\?subject=unsubscribe-[A-Za-z0-9][A-Za-z0-9_-]{32}>\r\n",
    re.MULTILINE,
)
_WORDS_ALLOWED = {"From", "Subject"}


def verify(message: Message, fields: tuple[str, ...] = EDITION_FIELDS) -> None:
    """Raise RenderError unless `message` reads back as meant (T24, T25, T26).

    Costs milliseconds: run it once per edition, not per copy.
    """
    parsed = _parsed(message)
    problems = [
        *_wire_problems(message.content),
        *_header_problems(message, parsed, fields),
        *_part_problems(parsed),
    ]
    if problems:
        raise RenderError("the message does not read back as meant: " + "; ".join(problems))


def _parsed(message: Message) -> EmailMessage:
    # As text, because an address by RFC 6532 stands in the header as UTF-8.
    text = message.content.decode("utf-8", "surrogateescape")
    parsed = message_from_string(text, policy=policy.SMTP)
    if not isinstance(parsed, EmailMessage):
        raise TypeError("policy.SMTP makes EmailMessage objects")
    return parsed


def _wire_problems(content: bytes) -> list[str]:
    lines = content.split(b"\r\n")
    rules = {
        "a bare CR or LF": any(b"\r" in line or b"\n" in line for line in lines),
        "a NUL": b"\0" in content,
        "a line over 998 bytes": any(len(line) > 998 for line in lines),
        "a line that starts with a dot": any(line.startswith(b".") for line in lines),
        "no line end at its end": not content.endswith(b"\r\n"),
    }
    return [f"it has {problem}" for problem, there in rules.items() if there]


def _header_problems(message: Message, parsed: EmailMessage, fields: tuple[str, ...]) -> list[str]:
    head = message.content.partition(b"\r\n\r\n")[0] + b"\r\n"
    problems = [
        f"{name} holds an encoded word"
        for name in _unfolded_names(head)
        if name not in _WORDS_ALLOWED
    ]
    if tuple(parsed.keys()) != fields:
        problems.append(f"its header fields are {', '.join(parsed.keys())}")
    if parsed["To"].addresses[0].addr_spec != message.recipient or len(parsed["To"].addresses) != 1:
        problems.append(f"To is {parsed['To']}")
    if "List-Unsubscribe" in fields and not _UNSUBSCRIBE.search(head):
        problems.append("List-Unsubscribe is broken")
    return problems


def _unfolded_names(head: bytes) -> list[str]:
    """Return the names of the fields that hold `=?`."""
    whole = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    return [line.partition(b":")[0].decode("ascii", "replace") for line in whole if b"=?" in line]


def _part_problems(parsed: EmailMessage) -> list[str]:
    parts = list(parsed.walk())
    problems = [f"{type(defect).__name__}" for part in parts for defect in part.defects]
    types = [part.get_content_type() for part in parts]
    if types not in (["multipart/alternative", "text/plain", "text/html"], ["text/plain"]):
        problems.append(f"its parts are {', '.join(types)}")
    if any(part.get_content_charset() != "utf-8" for part in parts if not part.is_multipart()):
        problems.append("a part is not UTF-8")
    return problems
