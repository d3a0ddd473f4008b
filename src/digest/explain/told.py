"""The sentences of an explanation, the same in text, JSON and the page."""

from datetime import datetime

from digest.model import Article, Edition, LeftOut, PlacedStory


def section_stories(edition: Edition) -> list[tuple[str, PlacedStory]]:
    """Return every story with the title of its list, in reading order."""
    top = [("Week's Top Stories", placed) for placed in edition.top_stories]
    return top + [(s.title, placed) for s in edition.sections for placed in s.stories]


def window_line(edition: Edition) -> str:
    """Return the span of time the articles are from, and why it is longer than usual."""
    line = f"articles of {_moment(edition.window_start)} to {_moment(edition.window_end)} UTC"
    if edition.usual_start:
        line += (
            f"; the days before {_moment(edition.usual_start)} are carried over: "
            "no sent edition covered them"
        )
    return line


def left_reason(edition: Edition, left: LeftOut) -> str:
    """Return why an article is left out, and whether the next edition looks at it again."""
    again = left.article_id in edition.spare
    return f"{left.reason}; carried over to the next edition" if again else left.reason


def why_outside(edition: Edition, article: Article) -> str:
    """Say why an article was no candidate."""
    moment = article.published_at or article.first_seen_at
    if moment and moment < edition.window_start:
        return f"too old: published {_moment(moment)} UTC; these are {window_line(edition)}"
    if moment and moment >= edition.window_end:
        return f"too new: published {_moment(moment)} UTC; these are {window_line(edition)}"
    return "it was not stored yet when this edition was built; build it again to look at it"


def decisions(edition: Edition, article_id: str = "") -> list[tuple[str, str]]:
    """Return what editors decided, of everything or of one article: of what; what, who, when."""
    ids = {one.article_id for one in edition.overrides}
    titles = {e.article_id: e.title for e in edition.left_out if e.article_id in ids}
    titles |= {placed.lead.id: placed.lead.title for placed in edition.stories}
    return [
        (
            f"{one.article_id} {titles.get(one.article_id, '')}" if one.article_id else "edition",
            f"{one.done} by {one.by}, {_moment(one.at)} UTC",
        )
        for one in edition.overrides
        if article_id in ("", one.article_id)
    ]


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
