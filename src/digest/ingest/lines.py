"""Tell what the lines of a scraped page are: headline, byline, date, caption, menu, biography."""

import re
from html import escape
from itertools import groupby

from digest.ingest import dates, furniture
from digest.ingest.addresses import is_web
from digest.ingest.furniture import Kind

_MARK = re.compile(r"[-*•▪‣>]\s+(?=\S)")
SECTION = re.compile(r"(?i)(?:posted|filed) (?:in|under):? (.{2,60})")
PROSE = 90  #: characters; teasers and labels are shorter or cut
BIO = 600  #: characters

_CREDIT = r"(?:photo(?:graph)?|image|picture|foto|bild|illustration)"
_CAPTION = re.compile(
    rf"(?i)(?:\[?(?:{_CREDIT}|caption|credit|file photo)\s*"
    rf"(?:credit|courtesy|by|:|/)).*|.*\((?:credit|{_CREDIT})\b[^)]{{0,80}}\)\W*"
    rf"|.{{3,240}}\b(?:credit|{_CREDIT})(?: credit| by)?\s*:\s*\S.{{1,80}}"
    r"|.{3,240}(?:/|\||©|via )\s*"
    r"(?:getty images|reuters|ap(?: photo)?|afp|epa|dpa|shutterstock|unsplash|wikimedia commons)\.?"
)
_PARTICLE = r"(?:d[aei]|de[rnl]?|v[ao]n|bin|al|la|le)"
_CAPITAL = r"[A-ZÀ-ÞŁŚŠŽČ][\w.’'-]*"
_NAME_PATTERN = rf"(?:{_CAPITAL}|{_PARTICLE})(?: (?:{_CAPITAL}|{_PARTICLE})){{1,4}}"
_NAME = re.compile(_NAME_PATTERN)
_DATED_NAME = re.compile(rf"({_NAME_PATTERN})\s*(?:[,|•·]|\s[-–—])\s*(\S.*\d.*)")
#: Bylines of other languages; "Von …" also opens sentences, so nothing but a name may follow.
_OTHER_BY = re.compile(rf"(?:Von|Par|Por|Di|Door|Av|Af|Texte|Text|Autor)\s*:?\s+({_NAME_PATTERN})")
_BY_ALONE = frozenset("by von par por di door av text texte autor".split()) | {"written by"}
_OFFICE = re.compile(
    r"(?i)(?:[\w’&-]+ ){0,4}(?:reporter|editor|correspondent|writer|critic|columnist|contributor"
    r"|staff|redakteur(?:in)?|korrespondent(?:in)?|journaliste?|journalist(?:in)?|redactora?)\b"
    r"(?:,? [\w’&-]+){0,4}"
)
_DOES = re.compile(
    r"(?i)\b(?:is|was|covers?|writes?|reports?|has|edits?|works?|lives?|joined|holds?|studied"
    r"|teaches"
    r"|specialises|specializes|serves|leads|reviews?|photographs?|contributes?|grew|ist|war"
    r"|schreibt"
    r"|berichtet|arbeitet|leitet|est|écrit|couvre|travaille|es|escribe|cubre|trabaja|è|scrive)\b"
)
_PRONOUN = r"(?:She|He|They|Sie|Er|Elle|Il|Ella|Él)\b"
_ENDS = re.compile(r"[.!?…][\"'”’»“)\]]*$")
_PUBLISHED = re.compile(
    r"(?i)^(?:first |last )?(?:published|posted|updated|veröffentlicht|erschienen|stand"
    r"|publié|mis à jour|publicado|actualizado|pubblicato|gepubliceerd|date)(?: (?:on|at|am|le"
    r"|el|il|op))?:?\s+"
)
_HOUR = re.compile(
    r"(?i)\s*(?:,|à|um|at|alle|a las|om)?\s*\d{1,2}[:h.]\d{2}(?:\s*(?:uhr|h|[ap]\.?m\.?))?$"
)
_CRUMBS = re.compile(r"\s*(?:»|›|>|/|→)\s*")
_WHEN_TAKEN = re.compile(r",\s*(?:\w+ )?(?:19|20)\d\d\.?$")
_COMMENTS = re.compile(
    r"(?i)(?:leave a (?:reply|comment)|(?:\d+ )?comments?(?: \(\d+\))?"
    r"|join the (?:conversation|discussion)|(?:schreiben sie|schreibe) einen kommentar"
    r"|kommentare(?: \(\d+\))?|laisser un commentaire"
    r"|commentaires?(?: \(\d+\))?|deja (?:un comentario|una respuesta)|comentarios(?: \(\d+\))?)\W*"
)


def is_name(line: str) -> bool:
    """Say whether a line is nothing but the name of a person."""
    return len(line) <= 40 and _NAME.fullmatch(line) is not None


def is_prose(line: str) -> bool:
    """Say whether a line is a full paragraph: long, with an end, not cut."""
    return len(line) >= PROSE and not furniture.ends_cut(line) and ends(line)


def ends(line: str) -> bool:
    """Say whether a line ends as a sentence does."""
    return _ENDS.search(line) is not None


def may_be_title(line: str) -> bool:
    """Say whether a line can be a headline: no label, menu, byline, date, caption or address."""
    plain = furniture.kind_of(line) is Kind.TEXT and not by(line) and not is_crumbs(line)
    no_label = (
        plain
        and not is_caption(line)
        and not re.match(r"(?i)(?:posted|filed) (?:in|under)\b", line)
    )
    return no_label and date(line) == "" and not is_web(line) and len(line) <= 300


def same_title(line: str, title: str) -> bool:
    """Say whether two lines are one headline, the longer with its site's name."""
    short, long = sorted((line.casefold(), title.casefold()), key=len)
    if short == long:
        return True
    rest = long[len(short) :].strip()
    return len(short) >= 12 and long.startswith(short) and len(rest) < 60 and rest[:1] in "|-–—·•:»"


def is_crumbs(line: str) -> bool:
    """Say whether a line is a way-mark: the name of a section, or several in a row."""
    parts = _CRUMBS.split(line.strip("»›>/→ "))
    return len(parts) > 1 and all(len(part.split()) <= 3 for part in parts) and not ends(line)


def is_section(line: str) -> bool:
    """Say whether a line is as short as the name of a section."""
    return len(line.split()) <= 3 and not ends(line)


def is_caption(line: str) -> bool:
    """Say whether a line is marked as a caption, by a credit or the word itself."""
    return len(line) <= 300 and _CAPTION.fullmatch(line) is not None


def is_plain_caption(line: str) -> bool:
    """Say whether an unmarked line above the text can be a caption: no sentence, or a dated one."""
    short = len(line) <= 160
    return short and (not ends(line) or _WHEN_TAKEN.search(line) is not None) and line[-1:] != ":"


def opens_comments(line: str) -> bool:
    """Say whether below a line there are only comments."""
    return _COMMENTS.fullmatch(line) is not None


def by(line: str) -> str:
    """Return the name of a byline, else ""."""
    other = _OTHER_BY.fullmatch(line)
    if other:
        return other[1]
    if not furniture.is_byline(line):
        return ""
    return re.split(r"\s*(?:[|·•]|\bon\b|\s[-–—]\s|,\s*(?=\w+ \d))", furniture.byline(line))[0]


def dated_name(line: str) -> tuple[str, str]:
    """Return name and date of "Ada Berg, 17 November 2026", else two empty strings."""
    found = _DATED_NAME.fullmatch(line)
    when = date(found[2]) if found else ""
    return (found[1], when) if found and when else ("", "")


def date(line: str) -> str:
    """Return the date a line is, without "Published on", as `dates.moment` reads it, else ""."""
    bare = _PUBLISHED.sub("", line)
    for text in (bare, _HOUR.sub("", bare)):
        if len(line) <= 70 and dates.moment(text):
            return text
    return ""


def is_office(line: str) -> bool:
    """Say whether a line below a name is what the person does: "Science reporter"."""
    return not ends(line) and _OFFICE.fullmatch(line) is not None


def is_bio(line: str, author: str, *, after_name: bool) -> bool:
    """Say whether a line tells who the author is: by the name or, right below it, a pronoun."""
    if not author or not 20 <= len(line) <= BIO:
        return False
    names = author.split()
    short = rf"(?:{re.escape(names[0])}|{re.escape(names[-1])}|{_PRONOUN})\b"
    known = line.startswith(author) or (after_name and re.match(short, line))
    return bool(known and _DOES.search(line[:160]))


def subject(line: str) -> str:
    """Return the name a biography opens with, else ""."""
    found = _NAME.match(line)
    while_name = found[0] if found else ""
    return while_name if while_name and _DOES.match(line[len(while_name) :].strip()) else ""


def is_foot(line: str) -> bool:
    """Say whether a last line is a page's foot: a copyright, a cut teaser."""
    return furniture.ends_cut(line) or re.match(r"(?i)(?:©|copyright|all rights)", line) is not None


def unfolded(lines: list[str]) -> list[str]:
    """Return lines with "By" joined to its name, rows of labels taken apart, rules dropped."""
    parts = [part for line in lines if re.search(r"\w", line) for part in _parts(line)]
    joined: list[str] = []
    for line in parts:
        if joined and joined[-1].casefold().rstrip(":") in _BY_ALONE and is_name(line):
            joined[-1] = f"By {line}"
        else:
            joined.append(line)
    return joined


def _parts(line: str) -> list[str]:
    """Return the parts of "By Ada Berg | 16 November 2026 | 4 min read", else the line alone."""
    parts = [part for part in re.split(r"\s*[|•·]\s*", line) if part]
    known = [by(part) or date(part) or furniture.kind_of(part) is not Kind.TEXT for part in parts]
    return parts if len(parts) > 1 and sum(map(bool, known)) * 2 > len(parts) else [line]


def markup(body: list[str]) -> str:
    """Return paragraphs, list items and quotations as HTML."""
    parts = []
    for kind, group in groupby(body, key=_block):
        rows = [escape(re.sub(_MARK, "", line), quote=False) for line in group]
        if kind == "li":
            parts.append("<ul>" + "".join(f"<li>{row}</li>" for row in rows) + "</ul>")
        else:
            parts += [f"<{kind}>{row}</{kind}>" for row in rows]
    return "".join(parts)


def _block(line: str) -> str:
    mark = re.match(_MARK, line)
    return "p" if mark is None else "blockquote" if mark[0][0] == ">" else "li"
