"""[newsletters.X.theme]: how a newsletter looks, and whether its colours can be read."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from digest.settings.contrast import READABLE, check_colour, contrast
from digest.settings.values import Table

#: Which grounds the text of a colour stands on; they come before it in a table.
_GROUNDS = {
    "ink": ("page", "card", "tint"),
    "body": ("card", "tint"),
    "meta": ("page", "card", "tint"),
    "accent": ("card", "tint"),
    "on_accent": ("accent",),
}
#: Category colours for a light and a dark card.
_HUES = (
    ("#1d4ed8", "#8fb0ff"),
    ("#0f6b63", "#4fd1c0"),
    ("#6d28d9", "#b79cff"),
    ("#b3202c", "#ff9d97"),
    ("#2f6b1f", "#93d07c"),
    ("#9d174d", "#f596c8"),
    ("#855800", "#e3b95b"),
    ("#334e7c", "#a3bce6"),
    ("#7c4a2d", "#dba98a"),
    ("#0b6583", "#6cc8e8"),
)
_FAMILY = r"(?:[\w \-]+|'[\w \-]+')"


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError(f'{value!r} is not a colour; write six digits, as in "#b4530a"')
    return value.lower()


def _font(value: str) -> str:
    if not re.fullmatch(rf"{_FAMILY}(?:, ?{_FAMILY})*", value):
        raise ValueError(f"{value!r} is not a list of fonts; write e.g. \"'Gill Sans',sans-serif\"")
    return value


def _picture(value: str) -> str:
    if value and not re.fullmatch(r"https://[^\s\"'<>\\^`{|}]{4,1900}", value):
        raise ValueError(f"{value!r} is not the https address of a picture")
    return value


def _folder(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", value):
        raise ValueError(f"{value!r} cannot name a theme; use a-z, 0-9, _ and -, a letter first")
    return value


Colour = Annotated[str, AfterValidator(_colour)]
Font = Annotated[str, AfterValidator(_font)]
Pixels = Annotated[int, Field(ge=8, le=592)]


class _Palette(Table):
    """Colours whose text can be read on the grounds it stands on."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @field_validator(*_GROUNDS, check_fields=False)
    @classmethod
    def _readable(cls, value: str, given: ValidationInfo) -> str:
        for name in _GROUNDS[given.field_name or ""]:
            check_colour(value, given.data.get(name, ""), name)
        return value


class Colours(_Palette):
    """The colours by day."""

    page: Colour = "#f0ece5"
    card: Colour = "#ffffff"
    tint: Colour = "#f8f5ef"
    rule: Colour = "#e2dcd2"
    ink: Colour = "#17181c"
    body: Colour = "#3c3e45"
    meta: Colour = "#666870"
    accent: Colour = "#b4530a"
    on_accent: Colour = "#ffffff"


class DarkColours(_Palette):
    """The colours on a device that is set to dark."""

    page: Colour = "#111214"
    card: Colour = "#1b1d20"
    tint: Colour = "#25272b"
    rule: Colour = "#3a3d43"
    ink: Colour = "#f5f2ec"
    body: Colour = "#cfcdc8"
    meta: Colour = "#a2a3a8"
    accent: Colour = "#f0a35e"
    on_accent: Colour = "#1b1d20"


class Theme(Table):
    """How the mails of a newsletter look."""

    name: Annotated[str, AfterValidator(_folder)] = "default"
    density: Literal["full", "compact", "headlines"] = "full"
    heading_font: Font = "Georgia,'Times New Roman',serif"
    text_font: Font = "-apple-system,BlinkMacSystemFont,'Segoe UI',Helvetica,Arial,sans-serif"
    logo: Annotated[str, AfterValidator(_picture)] = ""
    logo_width: Pixels = 240
    logo_height: Pixels = 60
    colours: Colours = Colours()
    dark: DarkColours = DarkColours()
    categories: dict[str, tuple[Colour, Colour]] = {}

    @field_validator("categories")
    @classmethod
    def _readable(
        cls, pairs: dict[str, tuple[str, str]], given: ValidationInfo
    ) -> dict[str, tuple[str, str]]:
        for name, (light, dark) in pairs.items():
            for value, table in ((light, "colours"), (dark, "dark")):
                if table in given.data:
                    check_colour(value, given.data[table].card, f"{table}.card", f"{name}: ")
        return pairs

    @property
    def hues(self) -> tuple[tuple[str, str], ...]:
        """Return the usual category colours that can be read on this theme's cards."""
        light, dark = self.colours.card, self.dark.card
        found = (p for p in _HUES if min(contrast(p[0], light), contrast(p[1], dark)) >= READABLE)
        return tuple(found) or ((self.colours.ink, self.dark.ink),)
