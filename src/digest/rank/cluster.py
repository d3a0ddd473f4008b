"""Which articles tell one story, and which stories are one saga: TF-IDF of titles, live centroids.

After the single-pass clustering of news streams in Miranda et al., EMNLP 2018. Words are cut to
their beginnings, which joins inflected forms in any language (McNamee and Mayfield, Information
Retrieval 7, 2004); the thresholds are those measured in docs/ranking.md.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice

from digest.model import Article
from digest.text import words

_HOUR = 3600.0
JOINS = (0.30, 72 * _HOUR)  #: cosine from which a title joins a story, and the silence that ends it
MERGES = (0.25, 0.0, 2)  #: what falls into a running story's time is part of it from this cosine
SAGA = (0.20, 96 * _HOUR)  #: looser: follow-ups and other sides of one happening
_RECENT = 8  #: a word leads to so many groups, the most recent ones: this keeps it linear
_WORDS = 16  #: so many of the heaviest words of a group are looked up
_BEGINNING = 6  #: letters of a word that count

_KANA = "\u3040"  #: the first letter of scripts that are written without spaces

_STOP = frozenset(
    "a an and are as at be by for from has have in is it its new not of on or s say says said "
    "that the this to was were will with after over than then how why what who "
    "der die das und in im den von zu mit für auf ist ein eine nach aus bei am "
    "le la les de des du et en un une pour dans sur au aux est par "
    "el los las y del que con por para una se al".split()
)

Vector = dict[str, float]


@dataclass(frozen=True, slots=True)
class Told:
    """One story: its articles, oldest first, and the number of the saga it belongs to."""

    articles: tuple[Article, ...]
    saga: int


@dataclass(slots=True)
class _Group:
    """Articles that belong together, while it grows."""

    members: list[int]
    total: Vector  #: sum of the members' unit vectors
    square: float  #: of the length of `total`
    start: float
    end: float


@dataclass(slots=True)
class _Live:
    """The groups so far, found by word."""

    groups: list[_Group] = field(default_factory=list)
    #: word -> number of a group -> the word's weight in it, the most recent last
    by_word: dict[str, dict[int, float]] = field(default_factory=dict)


def cluster(articles: Sequence[Article], published: Callable[[Article], datetime]) -> list[Told]:
    """Return the stories of articles ordered by (moment, key), the oldest first.

    Linear in the window: each word of a title leads to a bounded number of recent groups.
    """
    vectors = tfidf([tokens(article.title) for article in articles])
    moments = [published(article).timestamp() for article in articles]
    alone = [
        _Group([number], vector, 1.0, moment, moment)
        for number, (vector, moment) in enumerate(zip(vectors, moments, strict=True))
    ]
    stories = _gathered(_gathered(alone, *JOINS), *MERGES)
    members = [sorted(story.members) for story in stories]
    saga_of = {
        member: number
        for number, saga in enumerate(_gathered(stories, *SAGA))
        for member in saga.members
    }
    return [Told(tuple(articles[n] for n in story), saga_of[story[0]]) for story in members]


def tokens(title: str) -> list[str]:
    """Return the beginnings of the words of a title that tell what it is about.

    Runs of Chinese and Japanese characters, written without spaces, give character pairs.
    """
    if not title.isascii():
        title = unicodedata.normalize("NFKC", title)
    found: list[str] = []
    for word in words(title.casefold()):
        if word[0] >= _KANA and _is_cjk(word[0]):
            found += _pairs(word)
        elif word not in _STOP:
            found.append(word[:_BEGINNING])
    return found


def _is_cjk(char: str) -> bool:
    return _KANA <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff"


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def tfidf(documents: Sequence[Iterable[str]]) -> list[Vector]:
    """Return unit vectors weighted by inverse document frequency, the heaviest word first."""
    kept = [set(document) for document in documents]
    frequency = Counter(chain.from_iterable(kept))
    idf = {word: math.log(1 + len(documents) / n) for word, n in frequency.items()}
    order = {word: n for n, (word, _) in enumerate(sorted(idf.items(), key=_by_weight))}
    return [_unit(sorted(document, key=order.__getitem__), idf) for document in kept]


def _unit(document: Sequence[str], idf: Mapping[str, float]) -> Vector:
    values = [idf[word] for word in document]
    norm = math.sqrt(math.fsum([value * value for value in values]))
    return {word: value / norm for word, value in zip(document, values, strict=True)}


def _by_weight(entry: tuple[str, float]) -> tuple[float, str]:
    return -entry[1], entry[0]


def _gathered(
    groups: Sequence[_Group], threshold: float, silence: float, least: int = 1
) -> list[_Group]:
    """Put each group into the most similar live one before it, or let it stand alone.

    Groups come in the order of their start; one is live until `silence` seconds after its end,
    and takes others when it has `least` members. They are used up: what is found are the same
    objects, grown.
    """
    live = _Live()
    for group in groups:
        heaviest = _heaviest(group)
        near = _similar(group, heaviest, live, threshold, silence)
        if near:
            number = min(near, key=lambda entry: (-entry[0], entry[1]))[1]
            _join(live.groups[number], group)
        else:
            number = len(live.groups)
            live.groups.append(group)
        if len(live.groups[number].members) >= least:
            _remember(live, number, heaviest)
    return live.groups


def _heaviest(story: _Group) -> list[tuple[str, float]]:
    words = story.total.items()
    ordered = words if len(story.members) == 1 else sorted(words, key=_by_weight)
    return list(islice(ordered, _WORDS))


def _similar(
    group: _Group,
    heaviest: Iterable[tuple[str, float]],
    live: _Live,
    threshold: float,
    silence: float,
) -> list[tuple[float, int]]:
    """Return the groups that were alive at the start of this one and reach the threshold."""
    products: dict[int, float] = {}
    known, by_word = products.get, live.by_word
    for word, value in heaviest:
        if there := by_word.get(word):
            for number, weight in there.items():
                products[number] = known(number, 0.0) + value * weight
    length = math.sqrt(group.square)
    least = threshold * length  # no group is shorter than 1
    found = []
    for number in [number for number, product in products.items() if product >= least]:
        other = live.groups[number]
        cosine = products[number] / length / math.sqrt(other.square)
        if cosine >= threshold and other.end >= group.start - silence:
            found.append((cosine, number))
    return found


def _join(found: _Group, group: _Group) -> None:
    """Add a group; the length grows by |t + v|² = |t|² + 2 t·v + |v|²."""
    total, product = found.total, 0.0
    for word, value in group.total.items():
        before = total.get(word, 0.0)
        product += value * before
        total[word] = before + value
    found.square += 2 * product + group.square
    found.members += group.members
    found.end = max(found.end, group.end)


def _remember(live: _Live, number: int, heaviest: Iterable[tuple[str, float]]) -> None:
    total, by_word = live.groups[number].total, live.by_word
    for word, _ in heaviest:
        known = by_word.get(word)
        if known is None:
            by_word[word] = {number: total[word]}
            continue
        known.pop(number, None)
        known[number] = total[word]
        if len(known) > _RECENT:
            del known[next(iter(known))]
