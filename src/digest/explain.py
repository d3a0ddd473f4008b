"""Why each story is in an edition, its score by signal, and why others are not."""

from typing import Any

from digest.errors import NotFound
from digest.model import MICRO, Edition, LeftOut, PlacedStory


def as_json(edition: Edition, article_id: str = "") -> dict[str, Any]:
    """Return the explanation with scores in micro-units, of everything or of one article."""
    return {
        "edition": edition.key,
        "picked": [
            _picked(section, placed)
            for section, placed in _places(edition)
            if article_id in ("", placed.lead.id)
        ],
        "left_out": [
            {"article_id": left.article_id, "title": left.title, "reason": left.reason}
            for left in edition.left_out
            if article_id in ("", left.article_id)
        ],
    }


def _places(edition: Edition) -> list[tuple[str, PlacedStory]]:
    top = [("Week's Top Stories", placed) for placed in edition.top_stories]
    return top + [(s.title, placed) for s in edition.sections for placed in s.stories]


def _picked(section: str, placed: PlacedStory) -> dict[str, Any]:
    ranked = placed.ranked
    return {
        "article_id": placed.lead.id,
        "title": placed.lead.title,
        "place": placed.place,
        "section": section,
        "score": ranked.score,
        "parts": {part.signal: part.micro for part in ranked.parts},
        "facts": [fact for fact in (*(p.fact for p in ranked.parts), placed.note) if fact],
    }


def as_text(edition: Edition) -> str:
    """Return the explanation as plain text: what is in, then what is not."""
    window = f"{edition.window_start:%Y-%m-%d %H:%M} to {edition.window_end:%Y-%m-%d %H:%M} UTC"
    lines = [f"{edition.key}: articles of {window}", ""]
    heading = ""
    for section, placed in _places(edition):
        if section != heading:
            heading = section
            lines += [heading.upper(), ""]
        lines += [*_story_lines(placed), ""]
    left_out = [_left_line(left) for left in edition.left_out] or ["nothing"]
    lines += ["LEFT OUT", "", *left_out]
    return "\n".join(lines).rstrip() + "\n"


def one_as_text(edition: Edition, article_id: str) -> str:
    """Return why one article is in the edition, or why not; NotFound outside the window."""
    for section, placed in _places(edition):
        ids = [article.id for article in placed.ranked.story.articles]
        if article_id == ids[0]:
            return "\n".join([section, *_story_lines(placed)]) + "\n"
    for left in edition.left_out:
        if left.article_id == article_id:
            return _left_line(left) + "\n"
    raise NotFound(f"{article_id} is outside the window of {edition.key}")


def _story_lines(placed: PlacedStory) -> list[str]:
    mark = "  (update)" if placed.update else ""
    lines = [f"{placed.place:>3}. {placed.lead.title}{mark}"]
    lines.append(f"     {placed.lead.id}   score {placed.ranked.score / MICRO:.2f}")
    for part in placed.ranked.parts:
        lines.append(f"     {part.micro / MICRO:>6.2f} {part.signal:<10} {part.fact}".rstrip())
    return [*lines, f"            {placed.note}"] if placed.note else lines


def _left_line(left: LeftOut) -> str:
    score = f"{left.score / MICRO:6.2f}" if left.score else "      "
    return f"{score} {left.article_id}  {left.title}: {left.reason}"
