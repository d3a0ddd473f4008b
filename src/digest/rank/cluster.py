"""Which articles tell one story, and which stories are one saga: TF-IDF of titles, live centroids.

After the single-pass clustering of news streams in Miranda et al., EMNLP 2018. Words are cut to
their beginnings, which joins inflected forms in any language (McNamee and Mayfield, Information
Retrieval 7, 2004); the thresholds are those measured in docs/ranking.md.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from sys import intern

from digest.model import Article
from digest.text import words

_HOUR = 3600.0
JOINS = (0.30, 72 * _HOUR)  #: cosine from which a title joins a story, and the silence that ends it
MERGES = (
    0.25,
    0.0,
    2,
)  #: a story of two titles takes what falls into its time
SAGA = (0.18, 96 * _HOUR, 1)  #: looser: follow-ups and other sides of one happening
_NEAR = 0.20  #: cosine of a title and a story from which the stories are compared
_RECENT = 6  #: a word leads to so many stories, the most recent ones: this keeps it linear
_WORDS = 16  #: so many of the heaviest words of a title are looked up
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
    near: set[int]  #: numbers of other groups that a member came close to


def cluster(articles: Sequence[Article], published: Callable[[Article], datetime]) -> list[Told]:
    """Return the stories of articles ordered by (moment, key), the oldest first.

    Linear in the window: each word of a title leads to a bounded number of recent stories, and
    only stories that a title came close to are compared as wholes.
    """
    vectors = tfidf([tokens(article.title) for article in articles])
    moments = [published(article).timestamp() for article in articles]
    stories = _whole(groups := _joined(vectors, moments), _gathered(groups, *MERGES))
    members = [sorted(story.members) for story in stories]
    sagas = _gathered(stories, *SAGA)
    return [
        Told(tuple(articles[n] for n in story), saga)
        for story, saga in zip(members, sagas, strict=True)
    ]


def tokens(title: str) -> list[str]:
    """Return the beginnings of the words of a title that tell what it is about.

    Runs of Chinese and Japanese characters, written without spaces, give character pairs.
    """
    if title.isascii():
        return [intern(word[:_BEGINNING]) for word in words(title.lower()) if word not in _STOP]
    found: list[str] = []
    for word in words(unicodedata.normalize("NFKC", title).casefold()):
        if word[0] >= _KANA and _is_cjk(word[0]):
            found += map(intern, _pairs(word))
        elif word not in _STOP:
            found.append(intern(word[:_BEGINNING]))
    return found


def _is_cjk(char: str) -> bool:
    return _KANA <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff"


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def tfidf(documents: Sequence[Iterable[str]]) -> list[Vector]:
    """Return unit vectors weighted by inverse document frequency, the heaviest word first."""
    kept = [list(dict.fromkeys(document)) for document in documents]
    frequency = Counter(chain.from_iterable(kept))
    weights = {n: math.log(1 + len(documents) / n) for n in set(frequency.values())}
    idf = {word: weights[n] for word, n in frequency.items()}
    return [_unit(document, idf) for document in kept]


def _unit(document: list[str], idf: Mapping[str, float]) -> Vector:
    document.sort(key=idf.__getitem__, reverse=True)
    values = [idf[word] for word in document]
    norm = math.hypot(*values)
    return {word: value / norm for word, value in zip(document, values, strict=True)}


class _Index:
    """The groups so far, found by word."""

    def __init__(self, vectors: Iterable[Vector]) -> None:
        self.groups: list[_Group] = []
        seen = Counter(chain.from_iterable(vectors))
        self._shared = {word for word, n in seen.items() if n > 1}
        #: word -> number of a group -> the word's weight in it, the most recent last
        self._by_word: dict[str, dict[int, float]] = {}

    def heaviest(self, vector: Vector) -> list[tuple[str, float]]:
        """Return the words to look up: a word that no other title has leads nowhere."""
        shared = self._shared
        return [entry for entry in vector.items() if entry[0] in shared][:_WORDS]

    def near(
        self, heaviest: Iterable[tuple[str, float]], least: float, since: float
    ) -> list[tuple[float, int]]:
        """Return (cosine, number) of the groups not silent since then that reach a cosine."""
        products: dict[int, float] = {}
        by_word = self._by_word
        for word, value in heaviest:
            if there := by_word.get(word):
                for number, weight in there.items():
                    if number in products:
                        products[number] += value * weight
                    else:
                        products[number] = value * weight
        found = []
        # a group is at least as long as one title, so a lower product is a lower cosine
        for number in [number for number, product in products.items() if product >= least]:
            group = self.groups[number]
            cosine = products[number] / math.sqrt(group.square)
            if cosine >= least and group.end >= since:
                found.append((cosine, number))
        return found

    def remember(self, number: int, heaviest: Iterable[tuple[str, float]]) -> None:
        """Let the words lead to a group as it is now."""
        total, by_word = self.groups[number].total, self._by_word
        for word, _ in heaviest:
            known = by_word.get(word)
            if known is None:
                by_word[word] = {number: total[word]}
                continue
            known.pop(number, None)
            known[number] = total[word]
            if len(known) > _RECENT:
                del known[next(iter(known))]


def _joined(vectors: Sequence[Vector], moments: Sequence[float]) -> list[_Group]:
    """Put each title into the most similar live group before it, or let it begin one."""
    index = _Index(vectors)
    groups = index.groups
    joins, silence = JOINS
    least, far = _NEAR, SAGA[1]
    for member, (vector, moment) in enumerate(zip(vectors, moments, strict=True)):
        heaviest = index.heaviest(vector)
        near = index.near(heaviest, least, moment - far)
        numbers = [number for _, number in near]
        live = [e for e in near if e[0] >= joins and groups[e[1]].end >= moment - silence]
        if live:
            number = min(live, key=_best_first)[1]
            _join(groups[number], [member], vector, 1.0, moment, numbers)
        else:
            number = len(groups)
            groups.append(_Group([member], vector, 1.0, moment, moment, set(numbers)))
        index.remember(number, heaviest)
    return groups


def _best_first(entry: tuple[float, int]) -> tuple[float, int]:
    return -entry[0], entry[1]


def _join(
    found: _Group,
    members: Sequence[int],
    vector: Vector,
    square: float,
    end: float,
    near: Iterable[int],
) -> None:
    """Add a title or a group; the length grows by |t + v|² = |t|² + 2 t·v + |v|²."""
    if len(found.members) == 1:
        found.total = dict(found.total)  # a title's own vector stays as it is
    total, product = found.total, 0.0
    for word, value in vector.items():
        before = total.get(word, 0.0)
        product += value * before
        total[word] = before + value
    found.square += 2 * product + square
    found.members += members
    found.end = max(found.end, end)
    found.near.update(near)


def _gathered(groups: Sequence[_Group], threshold: float, silence: float, least: int) -> list[int]:
    """Put each group into the most similar live one near it and before it; return where each is.

    Groups come in the order of their start; one is live until `silence` seconds after its end,
    and takes others when it has `least` members.
    """
    where = list(range(len(groups)))
    for number, before in enumerate(_before(groups)):
        group = groups[number]
        found = []
        for other in {where[near] for near in before}:
            taker = groups[other]
            if len(taker.members) >= least and taker.end >= group.start - silence:
                found.append((_cosine(taker, group), other))
        best = min(found, key=_best_first, default=(0.0, number))
        if best[0] >= threshold:
            where[number] = best[1]
            taker = groups[best[1]]
            _join(taker, group.members, group.total, group.square, group.end, group.near)
    return where


def _before(groups: Sequence[_Group]) -> list[set[int]]:
    """Return for each group the earlier ones that it, or they, came near to."""
    found: list[set[int]] = [set() for _ in groups]
    for number, group in enumerate(groups):
        for other in group.near:
            if other != number:
                found[max(number, other)].add(min(number, other))
    return found


def _cosine(one: _Group, other: _Group) -> float:
    mine, theirs = one.total, other.total
    # words come in any order here, so only an exact sum is always the same
    product = math.fsum([mine[word] * theirs[word] for word in mine.keys() & theirs.keys()])
    return product / math.sqrt(one.square * other.square)


def _whole(groups: Sequence[_Group], where: Sequence[int]) -> list[_Group]:
    """Return the groups that are left, near to those that took the others in."""
    kept = [number for number, taker in enumerate(where) if taker == number]
    place = {number: n for n, number in enumerate(kept)}
    for number in kept:
        groups[number].near = {place[where[near]] for near in groups[number].near}
    return [groups[number] for number in kept]
