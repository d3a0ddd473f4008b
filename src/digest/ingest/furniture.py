"""Tell the furniture of a page from its article: labels, teasers, bylines, author boxes."""

import re
from enum import Enum

from digest import text
from digest.ingest import html
from digest.ingest.html import Element


class Kind(Enum):
    """What a line of a page is."""

    TEXT = "text"
    LABEL = "label"  #: dropped
    LIST = "list"  #: dropped with the teasers after it


_LABEL = re.compile(
    r"(?i)[-–—\s|*]*(?:sponsor(?:ed)?(?: (?:content|message|post|by))?|advertise?ments?|advertising"
    r"|ad|anzeige|publicité|spot_img|share(?: this)?(?: (?:article|story|post|on|via).{0,20})?"
    r"|facebook|twitter|x|pinterest|whatsapp|linkedin|email|e-mail|print|copy url|telegram|reddit"
    r"|subscribe|sign up|log ?in|menu|search|home|skip to (?:main )?content"
    r"|(?:\d+ )?comments?(?: \(\d+\))?"
    r"|leave a reply|(?:story|article) continues below.{0,20}|sign in to (?:comment|read).{0,20}"
    r"|did you (?:enjoy|like) this .{3,20}|newsletters?|teilen|compartir"
    r"|partager(?: cet article)?|publicidad"
    r"|werbung|temps de lecture ?:.{1,10}|lesezeit:?.{1,14}|\d+ min(?:uten)? lesezeit|pubblicità"
    r"|(?:previous|next) article\S.{0,200}|zum inhalt springen|suche|menü"
    r"|previous article|next article|\d+ (?:min(?:ute)?s?) read|listen to this article"
    r"|continue reading|read (?:more|next|also)|click to share.{0,40}|loading\.{0,3})[-–—\s|*:]*"
)
_LIST = re.compile(
    r"(?i)[-–—\s|*]*(?:(?:this |the )?week[’']?s top stories|top stories(?: (?:this|of the) week)?"
    r"|more (?:in|from) [\w&,’' -]{1,40}|related (?:articles?|stories|posts?|news|topics?|content)"
    r"|you (?:may|might) (?:also )?(?:like|enjoy)|recommended(?: for you)?|most (?:read|popular)"
    r"|latest (?:articles?|stories|posts?|news)|popular (?:articles?|stories|posts?)"
    r"|meistgelesen|mehr aus .{3,40}|das könnte sie auch interessieren|articles? liés?"
    r"|à lire aussi|les plus lus"
    r"|sur le même sujet|artículos relacionados|lo más leído|te puede interesar|articoli correlati"
    r"|trending(?: now)?|must read|don[’']?t miss|read (?:more|next) (?:in|on|about) .{1,40}"
    r")[-–—\s|*:]*"
)
_NETWORK = (
    r"(?:facebook|twitter|instagram|youtube|linkedin|whatsapp|telegram|tiktok|threads|mastodon)"
)
#: What opens a line that points to another article: "Read more: …", in several languages.
_MORE = (
    r"(?:read|see|watch|learn|find out) (?:more|also|next)|also read|also see|related(?: \w+)?|more"
    r"|don[’']?t miss|must read|leggi anche(?: su)?|lesen sie auch|mehr zum thema|(?:à )?lire aussi"
    r"|(?:lea|lee|vea) (?:también|además)|te puede interesar|leia (?:também|mais)|lees ook"
    r"|läs (?:också|även|mer)|les også|czytaj (?:też|także|więcej)|читайте также|baca juga|citation"
    r"|tags?|filed under|topics"
)
#: Lines that point elsewhere or ask for something: none of them tells the story.
_POINTER = re.compile(
    r"(?i)[\[(*•►▶>»→\s]*(?:"
    rf"(?:{_MORE})\s*[:|]\s*\S.*|explore further\b.*"
    r"|(?:more|follow) [A-Z]\w+(?: \w+){0,3}(?: coverage.*|:? (?:at |and )?https?://.*)"
    r"|(?:follow|like|join|find|reach|connect with|subscribe to)\b.{0,80}"
    rf"\b(?:on|via) {_NETWORK}\b.*|(?:click|tap) here\b.*"
    r"|(?:sign up|subscribe|register)\b.*\b(?:newsletters?|inbox|e-?mails?|updates|channel|alerts"
    r"|today|now|here|free)\b.*"
    r"|(?:if you )?(?:like|liked|enjoyed?|love) (?:this|the|our) (?:story|article|content|post)\b.*"
    r"|(?:share|print|e-?mail|save|bookmark) (?:this|the) (?:story|article|page|post)\b.*"
    r"|(?:tell us )?what (?:do )?you think\b.{0,40}"
    r"|(?:join|leave|post|add) (?:the|a|your) (?:comment|reply|conversation|discussion)s?\b.*"
    r"|(?:©|ⓒ|\(c\)|copyright\b)\s*.*|.{0,80}\ball rights reserved\W*"
    r"|(?:additional )?reporting by \w.*|(?:write|email) (?:to )?.{0,60}\bat \S+@\S+"
    r"|this article (?:was )?(?:originally|first) (?:appeared|published)\b.*"
    r")"
)
_POINTER_WORDS = 30
_ELLIPSIS = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\s*$")
_BYLINE = re.compile(r"(?i)(?:written |words |story |text |posted |published )?by[:\s]\s*(.{2,80})")
_SEPARATED = re.compile(r"\s*[|•·]\s*|\s+[-–—]\s+(?=\w+ \d|\d)")
_MAIL_NAME = re.compile(r"\S+@\S+\s*\((.+)\)|(.+?)\s*<\S+@\S+>")
_BOX = re.compile(
    r"(?i)author[-_]?(?:bio|box|info|card|desc)|saboxplugin|about[-_](?:the[-_])?author"
)
_BOX_LABEL = re.compile(
    r"(?i)about (?:the )?authors?:?|about (?:\w+ ?){1,4}:?|(?:author|bio(?:graphy)?|by|website):?"
    r"|(?:follow|view|read|see|more|all|contact|e-?mail|twitter|posts|articles)\b.{0,60}"
)
_BOX_TEXT = 1_500  #: characters; more is no box but the page
_BIO_WORDS = 4
#: Ends of a summary that are none of its words; words of which each has one are found sooner.
_TAIL = (
    (
        ("appeared",),
        re.compile(
            r"(?i)\s*\bthe (?:post|article|story)\b.{0,400}"
            r"\b(?:first appeared|appeared first) on\b.*$"
        ),
    ),
    (
        ("reading", "read the", "read more", "weiterlesen", "lire la suite", "seguir leyendo"),
        re.compile(
            r"(?i)\s*(?:\(|\[)?\b(?:continue reading|keep reading"
            r"|read the (?:full|rest|whole|entire)\b|read more (?:at|on|here|about)\b"
            r"|weiterlesen|lire la suite|seguir leyendo).{0,250}$"
        ),
    ),
    (("read more",), re.compile(r"(?i)\s*(?:\(|\[)?\bread more\b[\s.…»→›>)\]]*$")),
)
_CUT = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|\(\s*(?:…|\.\.\.)\s*\)|\.\.\.|…)\s*[»→›>]*\s*$")


def kind_of(line: str) -> Kind:
    """Say what one line of text is, judged by its words alone."""
    if _LIST.fullmatch(line):
        return Kind.LIST
    return Kind.LABEL if _LABEL.fullmatch(line) or is_pointer(line) else Kind.TEXT


def is_pointer(line: str) -> bool:
    """Say whether a short line sends the reader elsewhere: "Read more: …", "Follow us on …"."""
    return len(line.split()) <= _POINTER_WORDS and _POINTER.fullmatch(line[:400]) is not None


def ends_cut(line: str) -> bool:
    """Say whether a line was cut with an ellipsis."""
    return _ELLIPSIS.search(line) is not None


def without_tail(line: str) -> str:
    """Return a summary without "Continue reading", "[…]", "The post … appeared first on …"."""
    folded = line.casefold()
    for words, pattern in _TAIL:
        if any(word in folded for word in words):
            line = pattern.sub("", line)
    cut = _CUT.sub("", line) if "…" in line[-20:] or "..." in line[-20:] else line
    return cut.rstrip(" ,;:–—-") + text.ELLIPSIS if cut and cut != line else cut


def byline(line: str) -> str:
    """Return the name in "By Ada Berg" or "ada@x.example (Ada Berg)", else the line; no address."""
    named = _MAIL_NAME.fullmatch(line)
    if named:
        line = (named[1] or named[2]).strip(" \"'")
    found = _BYLINE.fullmatch(line)
    name = _SEPARATED.split(found[1] if found else line, maxsplit=1)[0].strip(" ,;:")
    return "" if re.search(r"\S@\S|https?://|^www\.", name) else name


def is_byline(line: str) -> bool:
    """Say whether a whole line is a byline such as "By Ada Berg"."""
    found = _BYLINE.fullmatch(line)
    return found is not None and len(found[1].split()) <= 8 and not line.endswith((".", "!", "?"))


def strip(body: Element, *, title: str, author: str) -> None:
    """Take labels, teaser lists, a repeated headline and bylines out of an article's body."""
    skipping, seen = False, 0
    for block in html.blocks(body):
        line = html.text_of(block)
        if not line:
            continue
        kind = kind_of(line)
        if kind is Kind.TEXT:
            idle = (seen < 3 and _repeats(line, title, author)) or not without_tail(line[:1_000])
            if not idle and not (skipping and _is_teaser(block, line)):
                skipping, seen = False, seen + 1
                continue
        skipping = skipping or kind is Kind.LIST
        if block is not body:
            html.remove(block)
    html.drop_empty(body)


def _repeats(line: str, title: str, author: str) -> bool:
    known = {title.casefold(), author.casefold()} - {""}
    return line.casefold() in known or (is_byline(line) and byline(line).casefold() in known)


def _is_teaser(block: Element, line: str) -> bool:
    if block.tag in {"li", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption", "a"}:
        return True
    linked = "".join("".join(link.itertext()) for link in block.iter("a"))
    return ends_cut(line) or len(text.clean(linked)) >= 0.8 * len(line)


def take_author_box(body: Element) -> str:
    """Take the author boxes out of a body and return the words of the last one as sentences."""
    boxes = [element for element in body.iter() if element is not body and _is_box(element)]
    known = set(boxes)
    outer = [box for box in boxes if known.isdisjoint(box.iterancestors())]
    lines = [_box_lines(box) for box in outer]
    for box in outer:
        html.remove(box)
    told = [found for found in map(_sentences, lines) if len(found.split()) >= _BIO_WORDS]
    return told[-1] if told else ""


def _is_box(element: Element) -> bool:
    if not _BOX.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
        return False
    ups = (f"{up.get('class') or ''} {up.get('id') or ''}" for up in element.iterancestors())
    return not any("comment" in marks.lower() for marks in ups) and (
        len(html.text_of(element)) <= _BOX_TEXT
    )


def _box_lines(box: Element) -> list[str]:
    lines = [html.text_of(block) for block in html.blocks(box)] or [html.text_of(box)]
    return [line for line in lines if line and not _BOX_LABEL.fullmatch(line)]


def _sentences(lines: list[str]) -> str:
    """Join lines; a name stays as a sentence of its own unless the next line opens with it."""
    kept = [
        line
        for n, line in enumerate(lines)
        if n + 1 == len(lines) or not lines[n + 1].startswith(line)
    ]
    return " ".join(line if line[-1] in '.!?…”"' else line + "." for line in kept)
