"""Queries about articles and their readings."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import Article, Image
from digest.store.database import Transaction
from digest.store.sql import one_at_a_time, rows, table
from digest.store.tables import ArticleRow, HeadlineRow

_ARTICLE, _HEADLINE = table(ArticleRow), table(HeadlineRow)
_COLUMNS = tuple(c.name for c in _ARTICLE.c if c.name not in ("sorted_at", "edits"))
_LIGHT = [column for column in _ARTICLE.c if column.name not in ("body", "sorted_at")]
#: What a new reading of an article never changes.
_KEPT = ("id", "key", "first_seen_at", "hidden", "gone_at", "boost", "edits")
#: A feed that tells of one of these has news of an article, and its page is asked anew.
_NEWS = frozenset({"title", "summary", "updated_at"})
#: What a page gave is not taken back by a feed that only sums up.
_OF_PAGE = ("body", "words", "image", "author", "author_bio", "categories", "language")
_CHUNK = 500
_SOON = timedelta(hours=48)
_BEGINNING = 200  #: characters of the body that tell one article from another

_Known = dict[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing did."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "Stored") -> "Stored":
        """Add the counts."""
        new, updated = self.new + other.new, self.updated + other.updated
        return Stored(new, updated, self.unchanged + other.unchanged)


def _anyone(_outlet: str, _feed: str) -> bool:
    return True


def store(
    tx: Transaction,
    articles: Sequence[Article],
    now: datetime,
    *,
    apart: Set[str] = frozenset(),
    may_change: Callable[[str, str], bool] = _anyone,
) -> tuple[Stored, dict[str, str]]:
    """Store each article once: by guid within its outlet, by canonical address, or by its words.

    By its words: an outlet's article with the same headline and beginning, published within two
    days, whose old address is not among those given, unless its id is one of `apart`. A known
    article keeps its row, id and first date; an earlier headline is kept beside it. `may_change`
    says whether one of an outlet, last told by a feed of this title, may be written to; others
    stay as they are. Returns the counts, and for every article written or known to be the same
    the id it is stored under.
    """
    one_at_a_time(tx, "articles")
    done = Stored()
    ids: dict[str, str] = {}
    for start in range(0, len(articles), _CHUNK):
        chunk = articles[start : start + _CHUNK]
        done += _store_chunk(tx, chunk, ids, now, apart, may_change)
    return done, ids


def _store_chunk(
    tx: Transaction,
    chunk: Sequence[Article],
    ids: dict[str, str],
    now: datetime,
    apart: Set[str],
    may_change: Callable[[str, str], bool],
) -> Stored:
    known = _known(tx, chunk)
    given = {article.key for article in chunk}
    new: dict[str, dict[str, Any]] = {}
    done = Stored()
    for article in chunk:
        values = _values(article, now)
        same = [*_same(known, article)]
        same += [] if same or article.id in apart else _moved(known, article, given)
        ours = (r for r in same if r["id"] in new or may_change(r["outlet"], r["feed"]))
        before = next(ours, None)
        if before is None and ("", article.key) in known:
            done += Stored(unchanged=1)
            continue
        ids[article.id] = before["id"] if before else article.id
        if before is None:
            new[article.id] = values
            _remember(known, values)
            done += Stored(new=1)
        elif changes := _changes(before, values):
            before.update(changes) if before["id"] in new else _update(tx, before, changes, now)
            done += Stored(updated=1)
        else:
            done += Stored(unchanged=1)
    if new:
        tx.execute(sa.insert(_ARTICLE), list(new.values()))
    return done


def _known(tx: Transaction, articles: Sequence[Article]) -> _Known:
    """Return the stored rows these articles may be, by key and by (outlet, guid)."""
    keys = [article.key for article in articles]
    guids = [article.guid for article in articles if article.guid]
    titles = [article.title for article in articles]
    where = sa.or_(
        _ARTICLE.c.key.in_(keys), _ARTICLE.c.guid.in_(guids), _ARTICLE.c.title.in_(titles)
    )
    found: _Known = {}
    for row in rows(tx, sa.select(_ARTICLE).where(where).order_by(_ARTICLE.c.id)):
        _remember(found, row)
    return found


def _remember(known: _Known, row: dict[str, Any]) -> None:
    known["", row["key"]] = row
    known[row["outlet"], row["title"], ""] = row
    if row["guid"]:
        known.setdefault((row["outlet"], row["guid"]), row)


def _same(known: _Known, article: Article) -> Iterator[dict[str, Any]]:
    """Yield the rows with an article's guid or address."""
    for name in [(article.outlet, article.guid)] * bool(article.guid) + [("", article.key)]:
        if name in known:
            yield known[name]


def _moved(known: _Known, article: Article, given: Set[str]) -> Iterator[dict[str, Any]]:
    """Yield the row of an article that got a new address and guid but kept its words."""
    row = known.get((article.outlet, article.title, ""))
    if row is None or row["key"] in given or not article.published_at or not row["published_at"]:
        return
    between = abs(article.published_at - row["published_at"])
    begins_alike = article.body[:_BEGINNING] and row["body"].startswith(article.body[:_BEGINNING])
    if between <= _SOON and begins_alike:
        yield row


def renamed(tx: Transaction, articles: Sequence[Article]) -> dict[str, str]:
    """Return id -> old address of those that look like a stored article under a new address."""
    found: dict[str, str] = {}
    for start in range(0, len(articles), _CHUNK):
        chunk = articles[start : start + _CHUNK]
        known, given = _known(tx, chunk), {article.key for article in chunk}
        for article in chunk:
            for row in [] if [*_same(known, article)] else _moved(known, article, given):
                found[article.id] = row["url"]
    return found


def _update(
    tx: Transaction, before: dict[str, Any], changes: dict[str, Any], now: datetime
) -> None:
    if "title" in changes:
        values = {"article_id": before["id"], "title": before["title"], "replaced_at": now}
        tx.execute(sa.insert(_HEADLINE).values(values))
    tx.execute(sa.update(_ARTICLE).where(_ARTICLE.c.id == before["id"]).values(changes))
    before.update(changes)


def _values(article: Article, now: datetime) -> dict[str, Any]:
    values = {name: getattr(article, name) for name in _COLUMNS}
    values["image"] = asdict(article.image) if article.image else None
    values["categories"] = list(article.categories)
    values["first_seen_at"] = article.first_seen_at or now
    values["edits"] = {}
    values["sorted_at"] = article.published_at or values["first_seen_at"]
    return values


def _changes(before: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return what is new; a field the source now leaves empty keeps its old value.

    A later date is an update: the first one stays, or a republished article would look new.
    """
    first, stated = before["published_at"], values["published_at"]
    if first and stated and stated > first:
        changed = max(stated, values["updated_at"] or stated)
        values |= {"published_at": first, "sorted_at": first, "updated_at": changed}
    new = {k: v for k, v in values.items() if k not in _KEPT and v != before[k]}
    if values["published_at"] is None:
        new.pop("sorted_at", None)
    sums_up = values["pages_left"] and values["words"] <= before["words"]
    if sums_up and not new.keys() & _NEWS:
        new = {k: v for k, v in new.items() if k not in (*_OF_PAGE, "pages_left")}
    return {k: v for k, v in new.items() if v or isinstance(v, bool)}


def with_ids(tx: Transaction, ids: Sequence[str]) -> list[Article]:
    """Return these articles without bodies, in the order of their ids."""
    wanted = sa.select(*_LIGHT).where(_ARTICLE.c.id.in_(ids)).order_by(_ARTICLE.c.id)
    return _articles(tx, wanted)


def decide(tx: Transaction, article_id: str, decided: Mapping[str, Any]) -> None:
    """Make what an editor decided of an article so: `hidden`, `boost`, or fields to show."""
    edits = {name: value for name, value in decided.items() if name not in ("hidden", "boost")}
    hidden, boost = decided.get("hidden", False), decided.get("boost", 0.0)
    values = {"hidden": hidden, "boost": boost, "edits": edits}
    tx.execute(sa.update(_ARTICLE).where(_ARTICLE.c.id == article_id).values(values))


def wanting_pages(tx: Transaction, feed: str, limit: int) -> list[Article]:
    """Return the newest articles of a feed whose pages are still to be read."""
    where = sa.and_(_ARTICLE.c.feed == feed, _ARTICLE.c.pages_left > 0)
    wanted = sa.select(_ARTICLE).where(where).order_by(_ARTICLE.c.sorted_at.desc(), _ARTICLE.c.key)
    return [_article(row | {"edits": {}}) for row in rows(tx, wanted.limit(limit))]


def complete(tx: Transaction, article: Article, *, pages_left: int) -> None:
    """Write what the page of an article gave, and how often it may still be asked for."""
    found = {name: getattr(article, name) for name in (*_OF_PAGE, "summary")}
    found |= {"image": asdict(article.image) if article.image else None}
    found |= {"categories": list(article.categories), "pages_left": pages_left}
    tx.execute(sa.update(_ARTICLE).where(_ARTICLE.c.id == article.id).values(found))


def mark(tx: Transaction, ids: Sequence[str], gone_at: datetime | None) -> None:
    """Note that articles are not published any more, or with None that they are."""
    tx.execute(sa.update(_ARTICLE).where(_ARTICLE.c.id.in_(ids)).values(gone_at=gone_at))


def known(tx: Transaction, keys: Sequence[str]) -> dict[str, str]:
    """Return canonical address -> id of those of these articles that are stored."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), _CHUNK):
        some = _ARTICLE.c.key.in_(keys[start : start + _CHUNK])
        found |= {
            row["key"]: row["id"]
            for row in rows(tx, sa.select(_ARTICLE.c.key, _ARTICLE.c.id).where(some))
        }
    return found


def published_between(tx: Transaction, start: datetime, end: datetime) -> list[Article]:
    """Return the articles of `[start, end)` without bodies, in the order (moment, key)."""
    when = sa.and_(_ARTICLE.c.sorted_at >= start, _ARTICLE.c.sorted_at < end)
    wanted = sa.select(*_LIGHT).where(when).order_by(_ARTICLE.c.sorted_at, _ARTICLE.c.key)
    return _articles(tx, wanted)


def seen_late(
    tx: Transaction, seen_since: datetime, start: datetime, end: datetime
) -> list[Article]:
    """Return the articles of `[start, end)` that were first seen at or after `seen_since`.

    They came too late for the edition whose window they lie in.
    """
    when = sa.and_(_ARTICLE.c.sorted_at >= start, _ARTICLE.c.sorted_at < end)
    late = _ARTICLE.c.first_seen_at >= seen_since
    return _articles(tx, sa.select(*_LIGHT).where(when, late))


def newest(tx: Transaction, limit: int | None = None) -> list[Article]:
    """Return articles without bodies, newest first."""
    wanted = sa.select(*_LIGHT).order_by(_ARTICLE.c.sorted_at.desc(), _ARTICLE.c.key).limit(limit)
    return _articles(tx, wanted)


def find(tx: Transaction, name: str) -> Article:
    """Return the one article with that id, beginning of an id, or address."""
    where = sa.or_(_ARTICLE.c.id == name, _ARTICLE.c.url == name, _ARTICLE.c.key == name)
    prefix = _ARTICLE.c.id.startswith(name, autoescape=True) if len(name) >= 4 else where
    found = rows(tx, sa.select(_ARTICLE).where(sa.or_(where, prefix)).limit(2))
    if len(found) != 1:
        what = "no article" if not found else "more than one article"
        raise NotFound(f"there is {what} {name!r}; `digest articles list` shows their ids")
    return _article(found[0])


def _articles(tx: Transaction, wanted: sa.Select[Any]) -> list[Article]:
    """Return articles one row after the other: a dictionary of each would double the memory."""
    return [_article(dict(row)) for row in tx.execute(wanted).mappings()]


def _article(values: dict[str, Any]) -> Article:
    values.pop("sorted_at", None)
    edits = dict(values.pop("edits"))
    picture = dict(values["image"] or {}) if "image_url" not in edits else {}
    for name in ("url", "caption"):
        if f"image_{name}" in edits:
            picture[name] = edits.pop(f"image_{name}")
    values |= edits | {"image": Image(**picture) if picture.get("url") else None}
    return Article(**(values | {"categories": tuple(values["categories"])}))
