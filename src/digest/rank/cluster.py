"""Which articles tell one story: TF-IDF of titles, online centroids, live for 72 hours.

After the single-pass clustering of news streams in Miranda et al., EMNLP 2018; the threshold
and the window are those measured in docs/ranking.md.
"""

import heapq
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from digest.model import Article
from digest.text import words

THRESHOLD = 0.30  #: cosine from which a title joins a story
LIVE = timedelta(hours=72)  #: a story takes no more articles after this silence
_RECENT = 48  #: of the stories with a word, so many recent ones are looked at: this keeps it linear
_CLOSE = 8  #: of those, so many that share most are compared in full

_STOP = frozenset(
    "a an and are as at be by for from has have in is it its new not of on or s say says said "
    "that the this to was were will with after over than then how why what who "
    "der die das und in im den von zu mit für auf ist ein eine nach aus bei am "
    "le la les de des du et en un une pour dans sur au aux est par "
    "el los las y del que con por para una se al".split()
)

Vector = dict[str, float]


@dataclass(slots=True)
class _Cluster:
    """A story while it grows."""

    members: list[int]
    total: Vector  #: sum of the members' unit vectors
    square: float = 1.0  #: of the length of `total`


@dataclass(slots=True)
class _Live:
    """The clusters so far, found by word, the most recent last."""

    clusters: list[_Cluster] = field(default_factory=list)
    last: list[float] = field(default_factory=list)  #: time of each cluster's newest article
    by_word: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def cluster(
    articles: Sequence[Article], published: Callable[[Article], datetime]
) -> list[list[Article]]:
    """Return groups of articles, each one story, oldest first; input ordered by (moment, key).

    Linear in the window: an article is compared only with a bounded number of live clusters
    that share a word of its title, the most recent ones of each word.
    """
    vectors = tfidf([tokens(article.title) for article in articles])
    live = _Live()
    for index, article in enumerate(articles):
        _place(live, index, vectors[index], published(article).timestamp())
    return [[articles[i] for i in found.members] for found in live.clusters]


def tokens(title: str) -> list[str]:
    """Return the words of a title that tell what it is about.

    Runs of Chinese and Japanese characters, written without spaces, give character pairs.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    found: list[str] = []
    for word in words(folded):
        found += _pairs(word) if _is_cjk(word[0]) else [word]
    return [word for word in found if word not in _STOP]


def _is_cjk(char: str) -> bool:
    return "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff"


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def tfidf(documents: Sequence[Iterable[str]]) -> list[Vector]:
    """Return unit vectors weighted by inverse document frequency over `documents`."""
    counted = [Counter(document) for document in documents]
    frequency = Counter(word for count in counted for word in count)
    idf = {word: math.log(1 + len(documents) / n) for word, n in frequency.items()}
    return [_unit({word: n * idf[word] for word, n in count.items()}) for count in counted]


def _unit(vector: Vector) -> Vector:
    norm = math.sqrt(math.fsum(value * value for value in vector.values()))
    return {word: value / norm for word, value in vector.items()} if norm else {}


def _place(live: _Live, index: int, vector: Vector, moment: float) -> None:
    """Put one article into the most similar live story, or start a new one."""
    best, dot = -1, 0.0
    similarity = 0.0
    for number in _candidates(live, vector, moment):
        found = live.clusters[number]
        product = sum(value * found.total.get(word, 0.0) for word, value in vector.items())
        cosine = product / math.sqrt(found.square)
        if cosine > similarity:
            best, dot, similarity = number, product, cosine
    if similarity >= THRESHOLD:
        _join(live.clusters[best], index, vector, dot)
        live.last[best] = moment
    else:
        best = len(live.clusters)
        live.clusters.append(_Cluster([index], dict(vector)))
        live.last.append(moment)
    for word in vector:
        known = live.by_word[word]
        if not known or known[-1] != best:
            known.append(best)


def _candidates(live: _Live, vector: Vector, moment: float) -> list[int]:
    """Return the live clusters that share most with a title, the older one first among equals.

    Words are taken by weight until the rest together could not reach the threshold: the cosine
    over a set of words is at most the length of the title's vector on them (prefix filtering,
    Bayardo et al., WWW 2007).
    """
    shared: dict[int, float] = {}
    rest, oldest = 1.0, moment - LIVE.total_seconds()
    for word, value in sorted(vector.items(), key=_by_weight):
        if rest < THRESHOLD * THRESHOLD:
            break
        rest -= value * value
        for number in live.by_word.get(word, ())[-_RECENT:]:
            shared[number] = shared.get(number, 0.0) + value
    near = [n for n in shared if live.last[n] >= oldest]
    if len(near) > _CLOSE:
        near = heapq.nsmallest(_CLOSE, near, key=lambda n: (-shared[n], n))
    return sorted(near)


def _by_weight(entry: tuple[str, float]) -> tuple[float, str]:
    return -entry[1], entry[0]


def _join(found: _Cluster, index: int, vector: Vector, dot: float) -> None:
    """Add an article; the length grows by |t + v|² = |t|² + 2 t·v + |v|²."""
    found.members.append(index)
    for word, value in vector.items():
        found.total[word] = found.total.get(word, 0.0) + value
    found.square += 2 * dot + sum(value * value for value in vector.values())
