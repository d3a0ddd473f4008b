"""Can a colour be read on another? The formula of WCAG 2.2."""

from functools import lru_cache

#: WCAG 2.2, 1.4.3: the contrast text needs on its ground.
READABLE = 4.5


def check_colour(colour: str, ground: str, name: str, whose: str = "") -> None:
    """Raise ValueError when a text colour cannot be read on its ground."""
    if ground and contrast(colour, ground) < READABLE:
        raise ValueError(
            f"{whose}{colour} has a contrast of {contrast(colour, ground):.1f} on {name} "
            f"{ground}; people can read {READABLE} and more"
        )


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours from 1 to 21 (WCAG 2.2, relative luminance)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=256)
def _luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
