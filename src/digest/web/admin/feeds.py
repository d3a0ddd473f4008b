"""Feeds: their health, add one by its address or its site's, fetch now, change, remove."""

from fastapi import Response

from digest import pipeline
from digest.model import Feed, FeedKind
from digest.store import feeds
from digest.web.admin.ask import EDITOR, Ask, Route


def _list(ask: Ask) -> Response:
    with ask.app.database.reading() as tx:
        every = feeds.every(tx)
    every.sort(key=lambda feed: (not _is_ill(feed), (feed.title or feed.url).casefold()))
    return ask.page("admin/feeds.html", feeds=every, ill=sum(map(_is_ill, every)))


def _is_ill(feed: Feed) -> bool:
    return bool(feed.failures or feed.ended)


def _add(ask: Ask) -> Response:
    added = pipeline.add_feed(
        ask.app,
        ask.text("url"),
        title=ask.text("title"),
        section=ask.text("section"),
        kind=FeedKind.FRONT_PAGE if ask.text("front_page") else FeedKind.ARTICLES,
        full_text=bool(ask.text("full_text")),
        as_is=bool(ask.text("as_is")),
    )
    ask.about = added.feed.url
    passed = f" Passed over: {'; '.join(added.others)}." if added.others else ""
    return ask.back("/feeds", f"Added {added.feed.url}. {added.why}.{passed}")


def _fetch(ask: Ask) -> Response:
    """Read one feed, or all that are due, now."""
    name = ask.text("feed")
    done = pipeline.fetch_feeds(ask.app, [name] if name else [], force=bool(name))
    ask.about = done[0].name if name and done else "those that were due"
    errors = [each.error for each in done if each.error]
    new = sum(each.stored.new for each in done)
    said = f"{len(done)} read, {new} new articles." if done else "No feed is due."
    return ask.back("/feeds", " ".join([said, *errors[:3]]))


def _change(ask: Ask) -> Response:
    values = {"section": ask.text("section"), "full_text": bool(ask.text("full_text"))}
    with ask.app.database.transaction() as tx:
        feed = feeds.get(tx, ask.number("feed"))
        feeds.update(tx, feed.id, **values)
    ask.about = feed.url
    return ask.back("/feeds", f"{feed.title or feed.url} is changed from its next fetch on.")


def _remove(ask: Ask) -> Response:
    with ask.app.database.transaction() as tx:
        feed = feeds.get(tx, ask.number("feed"))
        feeds.remove(tx, feed.id)
    ask.about = feed.url
    return ask.back("/feeds", f"{feed.title or feed.url} is removed; its articles stay.")


ROUTES = (
    Route("GET", "/feeds", EDITOR, _list),
    Route("POST", "/feeds", EDITOR, _add, "added a feed"),
    Route("POST", "/feeds/fetch", EDITOR, _fetch, "fetched feeds"),
    Route("POST", "/feeds/{feed}/change", EDITOR, _change, "changed a feed"),
    Route("POST", "/feeds/{feed}/remove", EDITOR, _remove, "removed a feed"),
)
