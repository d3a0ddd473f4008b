"""A theme's settings as its templates use them, and the colour of each category."""

import hashlib

from digest.render.shown import Hue, Look, Palette, Picture
from digest.settings.theme import Theme


def look_of(theme: Theme, title: str) -> Look:
    """Return colours, fonts and logo; the logo's words are the newsletter's title."""
    logo = Picture(theme.logo, title, "", theme.logo_width, theme.logo_height)
    return Look(
        **theme.colours.model_dump(),
        dark=Palette(**theme.dark.model_dump()),
        heading_font=theme.heading_font,
        text_font=theme.text_font,
        density=theme.density,
        logo=logo if theme.logo else None,
    )


def hue_of(category: str, theme: Theme) -> Hue:
    """Return a category's colour: its own, or one that is the same in every edition."""
    name = category.casefold().strip()
    own = {known.casefold().strip(): pair for known, pair in theme.categories.items()}
    if name in own:
        return Hue(100 + list(own).index(name), *own[name])
    digest = hashlib.sha256(name.encode("utf-8", "replace")).digest()
    number = int.from_bytes(digest[:4]) % len(theme.hues)
    return Hue(number, *theme.hues[number])
