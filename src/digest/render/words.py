"""The phrases of the mails in a publication's language, with its dates, numbers and direction."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.units import format_unit

from digest.errors import RenderError

#: Languages written from right to left, by their first subtag.
_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he ks ps sd ug ur yi".split())
#: Words a minute of an adult reading news on a screen.
_PACE = 220


@dataclass(frozen=True, slots=True)
class Words:
    """Every phrase of `parts/words/<language>.toml`, for people to read."""

    top_stories: str
    stories: str
    one_story: str
    reading: str
    by: str
    read: str
    also: str
    update: str
    sponsor: str
    visit: str
    note: str
    photo: str
    why: str
    unsubscribe: str
    browser: str
    confirm_subject: str
    confirm_heading: str
    confirm_text: str
    confirm_button: str
    confirm_link: str
    confirm_ignore: str


@dataclass(frozen=True, slots=True)
class Speech:
    """How a publication speaks: its phrases, dates, numbers and direction."""

    language: str
    words: Words
    locale: Locale

    @property
    def direction(self) -> str:
        """Return "ltr" or "rtl"."""
        return direction(self.language)

    @property
    def start(self) -> str:
        """Return the side where lines begin."""
        return "right" if self.direction == "rtl" else "left"

    @property
    def end(self) -> str:
        """Return the side where lines end."""
        return "left" if self.direction == "rtl" else "right"

    def day(self, on: date) -> str:
        """Return a date in full, as in "Monday, November 23, 2026"."""
        return format_date(on, "full", self.locale)

    def number(self, value: int) -> str:
        """Return a number in the language's digits."""
        return format_decimal(value, locale=self.locale)

    def stories(self, count: int) -> str:
        """Return "1 story" or "12 stories"."""
        if count == 1:
            return self.words.one_story
        return self.words.stories.replace("{n}", self.number(count))

    def by(self, author: str) -> str:
        """Return "By Ada Berg", or "" without an author."""
        return self.words.by.replace("{author}", author) if author else ""

    def photo(self, title: str) -> str:
        """Return the description of a picture that came without one."""
        return self.words.photo.replace("{title}", title)

    def reading(self, words: int) -> str:
        """Return "4 min read", or "" when the length is not known."""
        if words <= 0:
            return ""
        minutes = max(1, round(words / _PACE))
        time = format_unit(minutes, "minute", length="short", locale=self.locale)
        return self.words.reading.replace("{time}", time)


def direction(language: str) -> str:
    """Return "rtl" for languages written from right to left, else "ltr"."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def speech(folders: tuple[Path, ...], language: str) -> Speech:
    """Return how `language` is spoken, by the theme's word files; English where there is none."""
    values: dict[str, str] = {}
    for path in _files(folders, "en"):
        values |= _read(path)
    for path in _files(folders, language.partition("-")[0].lower()):
        values |= _read(path)
    missing = sorted(set(Words.__dataclass_fields__) - set(values))
    if missing:
        raise RenderError(f"parts/words/en.toml has no {', '.join(missing)}; add them")
    return Speech(language, Words(**values), _locale(language))


def _files(folders: tuple[Path, ...], language: str) -> Iterator[Path]:
    """Yield the language's word files, the last one strongest."""
    for folder in reversed(folders):
        path = folder / "parts" / "words" / f"{language}.toml"
        if path.is_file():
            yield path


def _read(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as exc:
        raise RenderError(f"parts/words/{path.name} cannot be read: {exc}") from exc
    for key, value in found.items():
        if key not in Words.__dataclass_fields__ or not isinstance(value, str):
            raise RenderError(f"parts/words/{path.name}: {key} is not one of our phrases")
    return found


def _locale(language: str) -> Locale:
    for tag in (language, language.partition("-")[0], "en"):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise RenderError("the library of languages has no English; install it again")
