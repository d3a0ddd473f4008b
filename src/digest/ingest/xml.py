"""Make bounded, well-formed XML of a feed's bytes: no DOCTYPE, no entities, no excess."""

import re
from collections.abc import Iterator
from html.entities import name2codepoint

from digest.errors import IngestError
from digest.ingest.decode import decode
from digest.ingest.html import Element
from digest.model import Document

ITEMS = 500  #: more are not read; feeds list the newest first
_MARKS = 1_000_000  #: "<" in a document, CDATA included: bounds memory at about 150 MB
_SHORT = 1_000  #: characters of text in an element that is no content; the parser has slow patterns
_LONG = frozenset({"content", "encoded", "description", "summary", "body", "subtitle", "tagline"})
_HEAD = 65_536
_DOCTYPE_SIZE = 16_384

_COMMENT = r"<!--.*?-->"
_QUOTED = r""""[^"]*"|'[^']*'"""
_INSIDE = rf"""(?:[^\]"'<]|{_QUOTED}|{_COMMENT}|<)*"""
#: What a lookahead took is not tried another way, so that hostile input costs linear time. Python
#: before 3.11.5 gets possessive groups wrong (python/cpython#106052).
_DOCTYPE = re.compile(
    rf"""(?is)<!DOCTYPE(?=(?P<all>(?:[^\[\]>"']|{_QUOTED}|\[(?=(?P<inner>{_INSIDE}))(?P=inner)\])*))(?P=all)>"""
)
_PROLOG = re.compile(rf"(?s)(?:\s|<\?.*?\?>|{_COMMENT})*")
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_REFERENCE = re.compile(r"&(?!#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});)(?:([A-Za-z]\w{1,31});)?")
_INVALID = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})


def root_name(document: Document) -> str:
    """Return the lower-case local name of the first element, "" when the bytes are no XML."""
    head = _without_doctype(decode(document.content[:_HEAD], document.content_type))
    found = _ROOT.match(head, _prolog_end(head))
    return found[1].lower() if found else ""


def parse(document: Document) -> Element:
    """Return the root element of a feed, mended where it is broken."""
    from lxml import etree

    text = _INVALID.sub("", _without_doctype(decode(document.content, document.content_type)))
    if text.count("<") > _MARKS:
        raise IngestError(f"holds more than {_MARKS:,} elements; too many for a feed")
    text = text[_start(text) :]
    root = _read(text, recover=False)
    if root is None:
        root = _read(_plain_references(text), recover=True)
    if root is None:
        raise IngestError("is not readable as XML")
    etree.strip_tags(root, etree.Comment, etree.Entity, etree.ProcessingInstruction)
    _trim(root)
    return root


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def items(root: Element) -> list[Element]:
    """Return the item and entry elements in document order."""
    found = list(root.iter("{*}item", "{*}entry"))
    return found or [e for e in root.iter("*") if local(e) in {"item", "entry"}]


def _read(text: str, *, recover: bool) -> Element | None:
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        strip_cdata=True,
    )
    try:
        return etree.fromstring(text.encode("utf-8", "ignore"), parser)
    except etree.XMLSyntaxError:
        return None


def _start(text: str) -> int:
    """Return where the first element begins: what stands before it says nothing more."""
    end = _prolog_end(text)
    found = _ROOT.search(text, end)
    return found.start() if found else end


def _prolog_end(text: str) -> int:
    found = _PROLOG.match(text)
    return found.end() if found else 0


def _without_doctype(text: str) -> str:
    """Take out the DOCTYPE, and with it every entity a document could define."""
    end = _prolog_end(text)
    if text[end : end + 9].upper() != "<!DOCTYPE":
        return text
    found = _DOCTYPE.match(text, end, end + _DOCTYPE_SIZE)
    if found:
        return text[:end] + text[found.end() :]
    stop = text.find(">", end)
    if stop < 0 or "[" in text[end:stop]:
        raise IngestError("has a DOCTYPE too large or too broken to read")
    return text[:end] + text[stop + 1 :]


def _plain_references(text: str) -> str:
    """Write every reference outside CDATA as a number; libxml2 loses others after an error."""
    parts, end = [], 0
    for start, stop in _cdata(text):
        parts += [_REFERENCE.sub(_numbered, text[end:start]), text[start:stop]]
        end = stop
    return "".join([*parts, _REFERENCE.sub(_numbered, text[end:])])


def _cdata(text: str) -> Iterator[tuple[int, int]]:
    """Yield where CDATA begins and ends; one that does not end is none."""
    start = text.find("<![CDATA[")
    while start >= 0 and (stop := text.find("]]>", start)) >= 0:
        yield start, stop + 3
        start = text.find("<![CDATA[", stop)


def _numbered(match: re.Match[str]) -> str:
    """Return the number of an entity of XML or HTML; any other stands for nothing but itself."""
    name = match[1]
    if name in _XML_ENTITIES or name in name2codepoint:
        return f"&#{name2codepoint.get(name, 39)};"
    return "&#38;" + match[0][1:]


def _trim(root: Element) -> None:
    for extra in items(root)[ITEMS:]:
        extra.getparent().remove(extra)
    for element in root.iter():
        if element.text and len(element.text) > _SHORT and not _is_long(element):
            element.text = element.text[:_SHORT]


def _is_long(element: Element) -> bool:
    """Say whether an element is content or lies in some."""
    return local(element) in _LONG or any(local(up) in _LONG for up in element.iterancestors())
