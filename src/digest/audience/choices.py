"""How readers want an edition, and which few variants of it serve them all."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from digest.language import spoken
from digest.model import Choice, Edition, Subscriber
from digest.settings import Theme
from digest.settings.folders import folders_of

Chooser = Callable[[Choice], Choice]
PLAIN = Choice()  #: the edition as the newsletter makes it


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant to be made, and for how many."""

    choice: Choice
    readers: int = 0  #: who want exactly this
    nearest: int = 0  #: who want something else, and get this


def chooser(edition: Edition, theme: Theme, home: str, folders: tuple[Path, ...]) -> Chooser:
    """Return what tells of a choice what makes a difference to an edition.

    `home` is the publication's language; `folders` have the catalogues of others.
    """
    searched = folders_of(folders, theme.name)
    mine = ("", home, spoken(searched, home))
    sections = [section.category for section in edition.sections]

    def speaks(language: str) -> str:
        found = spoken(searched, language)
        return "" if found in mine else found

    return lambda choice: narrowed(choice, sections, theme.density, speaks)


def narrowed(
    choice: Choice, sections: Collection[str], density: str, spoken: Callable[[str], str]
) -> Choice:
    """Return what of a choice makes a difference to one edition.

    `sections` are its categories, `density` is the newsletter's; `spoken` gives the language that
    mails can be in, "" for the publication's own.
    """
    return Choice(
        tuple(sorted(set(choice.muted) & set(sections))),
        "" if choice.density == density else choice.density,
        spoken(choice.language) if choice.language else "",
    )


def offers(wanted: Mapping[Choice, int], most: int) -> list[Offer]:
    """Return the variants to make, the plain one first, then what most readers want.

    No more than `most`; who wants another one gets the nearest.
    """
    rest = sorted((c for c in wanted if c != PLAIN), key=lambda c: (-wanted[c], c))
    made = [PLAIN, *rest[: most - 1]]
    strays: Counter[int] = Counter()
    for choice in rest[most - 1 :]:
        strays[nearest(choice, made)] += wanted[choice]
    return [Offer(c, wanted.get(c, 0), strays[n]) for n, c in enumerate(made)]


def nearest(choice: Choice, made: Sequence[Choice]) -> int:
    """Return the number of the variant that serves a choice best; the choice itself if it is there.

    The language counts most; a section that is missed counts more than one that is not wanted;
    the density counts least.
    """

    def cost(number: int) -> tuple[bool, int, bool, int]:
        other = made[number]
        missed, shown = set(other.muted) - set(choice.muted), set(choice.muted) - set(other.muted)
        strange = other.language != choice.language
        apart = 2 * len(missed) + len(shown)
        return strange, apart, other.density != choice.density, number

    return min(range(len(made)), key=cost)


def choice_of(person: Subscriber, newsletter: str) -> Choice:
    """Return how a person wants a newsletter."""
    mine = next((s for s in person.subscriptions if s.newsletter == newsletter), None)
    return Choice(mine.muted, mine.density, person.language) if mine else PLAIN


def in_words(choice: Choice) -> str:
    """Return a choice as people read it, as in "without Sport, compact"."""
    parts = [f"without {', '.join(choice.muted)}"] if choice.muted else []
    parts += [choice.density] if choice.density else []
    parts += [f"in {choice.language}"] if choice.language else []
    return ", ".join(parts) or "plain"
