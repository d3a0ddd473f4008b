"""Pure helpers for text and addresses: clean strings, cut them, count words, canonical URLs."""

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import ada_url

ELLIPSIS = "…"

#: Stands for a recipient's token in rendered mail: as long as the real one, so lines keep length.
TOKEN = "RCPT_UNSUBSCRIBE_TOKEN_32_CHARS_"

#: Unicode bidi embeddings, overrides and isolates (UAX 9): they reorder text around them.
_BIDI = "\u202a-\u202e\u2066-\u2069"
#: C0 without TAB and LF, DEL, C1, lone surrogates, line/paragraph separators kept as spaces.
_CONTROLS = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff{_BIDI}]")
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"\w+(?:[’'\-]\w+)*")
#: A full stop after a letter, or two or three of which the first is large, may be an abbreviation.
_SENTENCE_END = re.compile(
    r"(?:(?<!\b[^\W\d_])(?<!\b[A-Z]\w)(?<!\b[A-Z]\w\w)\.|[!?…。！？])[\"'”’»)\]]*(?=\s)|[。！？]"
)

_NORMAL = re.compile(r"(https?:)//(?:[^/?#@]*@)?([^/?#@]+)([^?#]*)(\?[^#]+)?")

#: Query parameters that say where a click came from, never what the page is.
_TRACKING = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid yclid twclid ttclid igshid mc_cid mc_eid _ga _gl "
    "cmpid cmp ns_campaign ns_mchannel ns_source ns_linkname at_medium at_campaign at_custom1 "
    "at_custom2 at_custom3 at_custom4 partner ref_src ref_url smid smtyp rss ftag ocid "
    "sr_share guccounter guce_referrer guce_referrer_sig __twitter_impression spm share "
    "wt_mc xtor cid mkt_tok oly_anon_id oly_enc_id vero_id hsctatracking _hsenc _hsmi".split()
)


def clean(text: str) -> str:
    """Return `text` in NFC on one line, without controls, surrogates or bidi overrides."""
    joined = " ".join(text.split())
    if joined.isprintable():  # no controls, no format characters: the common case, at once
        return joined if joined.isascii() else unicodedata.normalize("NFC", joined)
    visible = _CONTROLS.sub(" ", text.replace("\x0b", " "))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", visible)).strip()


def words(text: str) -> list[str]:
    """Return the words of `text` in order, as written."""
    return _WORD.findall(text)


def truncate(text: str, limit: int) -> str:
    """Cut `text` to at most `limit` characters at a word end, with an ellipsis when cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head = cut if text[limit - 1].isspace() else cut.rpartition(" ")[0]
    return (head or _grapheme_prefix(text, limit - 1)).rstrip(" ,;:–—-.…") + ELLIPSIS


def shorten(text: str, limit: int, least: float = 0.5) -> str:
    """Cut `text` to at most `limit` characters at the last sentence end.

    With less than that share of `limit` before it, or without one, at a word with an ellipsis.
    """
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1)]
    end = max((end for end in ends if end <= limit), default=0)
    return text[:end] if end >= limit * least else truncate(text, limit)


def _grapheme_prefix(text: str, limit: int) -> str:
    """Cut inside a word without splitting a letter from its combining marks or joiners."""
    cut = limit
    while cut > 1 and (
        unicodedata.combining(text[cut]) or text[cut] in "\u200d\ufe0f" or text[cut - 1] == "\u200d"
    ):
        cut -= 1
    return text[:cut]


def canonical_url(url: str) -> str:
    """Return the one spelling of an article's address, its identity, or "" when not http(s).

    Lower-case host in ASCII, no default port, user, fragment, tracking parameters, `www.`,
    AMP marks or trailing slash; parsed by the WHATWG URL standard. The scheme becomes https,
    because outlets serve one article under both. To link to an article use `link_url`.
    """
    parsed = _parse(url)
    if parsed is None:
        return ""
    host = parsed[2].removeprefix("www.").removeprefix("amp.")
    path = _without_amp(parsed[3]).rstrip("/") or "/"
    return f"https://{host}{path}{_without_tracking(parsed[4])}"


def link_url(url: str) -> str:
    """Return `url` fit to be followed: no tracking, user or fragment; "" if not http(s)."""
    parsed = _parse(url)
    if parsed is None:
        return ""
    return f"{parsed[1]}//{parsed[2]}{parsed[3]}{_without_tracking(parsed[4])}"


def _parse(url: str) -> re.Match[str] | None:
    """Return protocol, host, path and query of a web address; one look at its normal form."""
    try:
        return _NORMAL.match(ada_url.normalize_url(url.strip()))
    except ValueError:
        return None


def _without_amp(path: str) -> str:
    return re.sub(r"(?i)(?:/amp|\.amp(?=\.html$))/?$", "", path).replace(".amp.html", ".html")


def _without_tracking(search: str | None) -> str:
    if not search:
        return ""
    pairs = parse_qsl(search.removeprefix("?"), keep_blank_values=True)
    kept = [(key, value) for key, value in pairs if not _is_tracking(key, value)]
    return search if kept == pairs else "?" + urlencode(kept) if kept else ""


def _is_tracking(key: str, value: str) -> bool:
    name = key.lower()
    return name in _TRACKING or name.startswith("utm_") or (name, value) == ("amp", "1")


def host_of(url: str) -> str:
    """Return the host of `url` without `www.`, or ""."""
    try:
        return str(ada_url.URL(url).hostname).removeprefix("www.")
    except ValueError:
        return ""


def same_site(one: str, other: str) -> bool:
    """Say whether two hosts are the same, or one lies below the other."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def short_id(key: str) -> str:
    """Return 12 lower-case characters that name `key` (60 bits of its SHA-256)."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest()[:10])[:12].decode().lower()


def encoded_size(html: str) -> int:
    """Return the bytes a part has on its way: quoted-printable or base64, whichever is less."""
    raw = html.encode("utf-8", "replace")
    return min(len(binascii.b2a_qp(raw)), len(base64.encodebytes(raw)))


def pack(words: Sequence[str]) -> str:
    """Return words as the database keeps them: each between line ends."""
    return f"\n{chr(10).join(words)}\n" if words else ""


def unpack(text: str) -> tuple[str, ...]:
    """Return packed words."""
    return tuple(text[1:-1].split("\n")) if text else ()


def stored(moment: datetime) -> str:
    """Return a moment as both databases read it where nothing converts it."""
    moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]
