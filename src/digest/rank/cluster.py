"""Which articles tell one story: TF-IDF of titles, online centroids, live for 72 hours.

After the single-pass clustering of news streams in Miranda et al., EMNLP 2018; the threshold
and the window are those measured in docs/ranking.md.
"""

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
#: a word of more than this share of the window's titles does not bring candidates
_COMMON_SHARE = 0.05
_COMMON_LEAST = 25

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
    last: datetime
    norm: float = 1.0


@dataclass(slots=True)
class _Live:
    """The clusters that still take articles, found by word."""

    clusters: list[_Cluster] = field(default_factory=list)
    by_word: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def cluster(
    articles: Sequence[Article], published: Callable[[Article], datetime]
) -> list[list[Article]]:
    """Return groups of articles, each one story, oldest first; input ordered by (moment, key).

    Linear in the window: an article is compared only with live clusters that share an
    uncommon word of its title.
    """
    vectors = tfidf([tokens(article.title) for article in articles])
    common = _common(vectors)
    live = _Live()
    for index, article in enumerate(articles):
        _place(live, index, vectors[index], published(article), common)
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


def _common(vectors: Sequence[Vector]) -> frozenset[str]:
    frequency = Counter(word for vector in vectors for word in vector)
    most = max(_COMMON_LEAST, _COMMON_SHARE * len(vectors))
    return frozenset(word for word, n in frequency.items() if n > most)


def _place(
    live: _Live, index: int, vector: Vector, moment: datetime, common: frozenset[str]
) -> None:
    """Put one article into the most similar live story, or start a new one."""
    keys = [word for word in vector if word not in common] or list(vector)
    best, similarity = -1, 0.0
    for number in sorted(_candidates(live, keys, moment)):
        found = live.clusters[number]
        value = _dot(vector, found.total) / found.norm
        if value > similarity:
            best, similarity = number, value
    if similarity >= THRESHOLD:
        _join(live.clusters[best], index, vector, moment)
    else:
        best = len(live.clusters)
        live.clusters.append(_Cluster([index], dict(vector), moment))
    for word in keys:
        live.by_word[word].add(best)


def _candidates(live: _Live, keys: Iterable[str], moment: datetime) -> set[int]:
    """Return live clusters sharing a word; forget those that fell silent."""
    found: set[int] = set()
    for word in keys:
        numbers = live.by_word.get(word)
        if numbers:
            silent = {n for n in numbers if moment - live.clusters[n].last > LIVE}
            numbers -= silent
            found |= numbers
    return found


def _dot(vector: Vector, total: Vector) -> float:
    return math.fsum(value * total[word] for word, value in vector.items() if word in total)


def _join(found: _Cluster, index: int, vector: Vector, moment: datetime) -> None:
    found.members.append(index)
    for word, value in vector.items():
        found.total[word] = found.total.get(word, 0.0) + value
    found.norm = math.sqrt(math.fsum(value * value for value in found.total.values()))
    found.last = moment
