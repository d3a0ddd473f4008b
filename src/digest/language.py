"""How a publication speaks: phrases from gettext catalogues, dates, numbers, direction."""

import gettext
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal
from babel.units import format_unit

from digest.errors import RenderError

#: Languages written from right to left, by their first subtag.
_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he ks ps sd ug ur yi".split())
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")  #: it becomes a file's name
#: Words a minute of an adult reading news on a screen.
_PACE = 220
#: A feed that brings fewer words brings a summary, not the article.
_TEXT = 100
#: First strong isolate and its end (UAX 9), for plain text.
_FSI, _PDI = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Speech:
    """A language as mails speak it."""

    language: str
    locale: Locale
    phrases: gettext.NullTranslations

    @property
    def direction(self) -> str:
        """Return "ltr" or "rtl"."""
        return direction(self.language)

    def say(self, phrase: str, **values: str) -> str:
        """Return an English phrase in this language with its values put in."""
        return self.phrases.gettext(phrase) % values

    def count(self, one: str, many: str, number: int) -> str:
        """Return the form of a phrase that fits a number; `%(count)s` is the number."""
        return self.phrases.ngettext(one, many, number) % {"count": self.number(number)}

    def day(self, on: date) -> str:
        """Return a date in full, as in "Monday, November 23, 2026"."""
        return format_date(on, "full", self.locale)

    def number(self, value: int) -> str:
        """Return a number in the language's digits."""
        return format_decimal(value, locale=self.locale)

    def reading(self, words: int) -> str:
        """Return "4 min read", or "" when the length is not known: a summary has few words."""
        if words < _TEXT:
            return ""
        minutes = max(1, round(words / _PACE))
        time = format_unit(minutes, "minute", length="short", locale=self.locale)
        return self.say("%(time)s read", time=time)


def direction(language: str) -> str:
    """Return "rtl" for languages written from right to left, else "ltr"."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def turned(text: str, around: str) -> str:
    """Return the direction a text needs for itself inside `around`, or "" when it needs none."""
    if text.isascii() and around == "ltr":
        return ""
    kinds = [unicodedata.bidirectional(char) for char in text]
    left, right = kinds.count("L"), kinds.count("R") + kinds.count("AL")
    if not (right if around == "ltr" else left):
        return ""
    return "rtl" if right > left else "ltr"


def isolate(text: str, around: str) -> str:
    """Return plain text that does not turn its neighbours around."""
    return f"{_FSI}{text}{_PDI}" if turned(text, around) else text


def speech(folders: tuple[Path, ...], language: str) -> Speech:
    """Return how a language is spoken, by the catalogues in `folders`; the first is strongest.

    A phrase without a translation is English. RenderError names a broken catalogue's line.
    """
    found = tuple((path, path.stat().st_mtime_ns) for path in _files(folders, language))
    return Speech(language, _locale(language), _phrases(found, str(_locale(language))))


def spoken(folders: tuple[Path, ...], language: str) -> str:
    """Return the language of the catalogue that serves a reader's; "" when there is none."""
    if not is_tag(language):
        return ""
    return next((path.stem for path in reversed(list(_files(folders, language)))), "")


def catalogues(folders: tuple[Path, ...]) -> list[str]:
    """Return the languages there are catalogues of."""
    return sorted({path.stem for folder in folders for path in folder.glob("languages/*.po")})


def is_tag(text: str) -> bool:
    """Say whether a text can name a language."""
    return _TAG.fullmatch(text) is not None


def _files(folders: tuple[Path, ...], language: str) -> Iterator[Path]:
    """Yield the language's catalogues, the strongest last."""
    for tag in dict.fromkeys((language.partition("-")[0].lower(), language)):
        for folder in reversed(folders):
            path = folder / "languages" / f"{tag}.po"
            if path.is_file():
                yield path


@lru_cache(maxsize=64)
def _phrases(found: tuple[tuple[Path, int], ...], locale: str) -> gettext.NullTranslations:
    catalogues = [_read(path, locale) for path, _changed in found]
    if not catalogues:
        return gettext.NullTranslations()
    first, *stronger = catalogues
    for other in stronger:
        for message in other:
            if message.id and any(message.string or ()):
                first.delete(message.id)  # setting alone would keep the older words
                first[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, first)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _read(path: Path, locale: str) -> Catalog:
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale, charset="utf-8", abort_invalid=True)
        problems = [(m.lineno, e) for m, errors in catalogue.check() for e in errors]
    except (PoFileError, UnicodeDecodeError, OSError, ValueError) as exc:
        line = f":{exc.lineno + 1}" if isinstance(exc, PoFileError) else ""
        raise RenderError(f"languages/{path.name}{line}: cannot be read: {exc}") from exc
    for line_number, problem in problems:
        raise RenderError(f"languages/{path.name}:{line_number}: {problem}")
    return catalogue


def _locale(language: str) -> Locale:
    for tag in (language, language.partition("-")[0], "en"):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise RenderError("the library of languages has no English; install it again")
