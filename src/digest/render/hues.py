"""Category colours: a stable choice by name, each with a lighter twin for dark mode."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hue:
    """A colour with 4.5:1 on white, and its twin with 4.5:1 on the dark card."""

    number: int
    light: str
    dark: str


_PAIRS = (
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

HUES = tuple(Hue(number, *pair) for number, pair in enumerate(_PAIRS))


def hue_of(category: str) -> Hue:
    """Return the category's colour: the same in every edition and on every machine."""
    digest = hashlib.sha256(category.casefold().strip().encode("utf-8", "replace")).digest()
    return HUES[int.from_bytes(digest[:4]) % len(HUES)]
