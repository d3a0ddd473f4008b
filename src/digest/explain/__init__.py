"""Why each story is in an edition, its score by signal, and why others are not."""

from typing import Any

from digest.explain.told import (
    decisions,
    left_reason,
    section_stories,
    why_outside,
    window_line,
)
from digest.model import MICRO, Article, Edition, LeftOut, PlacedStory


def as_json(edition: Edition, article: Article | None = None) -> dict[str, Any]:
    """Return the explanation with scores in micro-units, of everything or of one article."""
    picked = [
        _picked(section, placed)
        for section, placed in section_stories(edition)
        if article is None or article.id == placed.lead.id
    ]
    left_out = [
        {"article_id": left.article_id, "title": left.title, "reason": left_reason(edition, left)}
        for left in edition.left_out
        if article is None or article.id == left.article_id
    ]
    if article and not picked and not left_out:
        outside = why_outside(edition, article)
        left_out = [{"article_id": article.id, "title": article.title, "reason": outside}]
    return {
        "edition": edition.key,
        "window": window_line(edition),
        "picked": picked,
        "left_out": left_out,
        "overrides": [
            {
                "article_id": one.article_id,
                "name": one.name,
                "value": one.value,
                "by": one.by,
                "at": one.at.isoformat().replace("+00:00", "Z"),
            }
            for one in edition.overrides
            if article is None or article.id == one.article_id
        ],
    }


def _picked(section: str, placed: PlacedStory) -> dict[str, Any]:
    ranked = placed.ranked
    return {
        "article_id": placed.lead.id,
        "title": placed.lead.title,
        "place": placed.place,
        "section": section,
        "category": placed.category,
        "category_by": placed.lead.category_by,
        "update": placed.update,
        "score": ranked.score,
        "parts": {part.signal: part.micro for part in ranked.parts},
        "facts": [fact for fact in (*(p.fact for p in ranked.parts), *_notes(placed)) if fact],
    }


def _notes(placed: PlacedStory) -> list[str]:
    rule = placed.lead.category_by
    return [placed.note] * bool(placed.note) + [f"in {placed.category}: {rule}"] * bool(rule)


def as_text(edition: Edition) -> str:
    """Return the explanation as plain text: what is in, then what is not."""
    lines = [f"{edition.key}: {window_line(edition)}", ""]
    heading = ""
    for section, placed in section_stories(edition):
        if section != heading:
            heading = section
            lines += [heading.upper(), ""]
        lines += [*_story_lines(placed), ""]
    if edition.overrides:
        lines += ["BY HAND", "", *map(": ".join, decisions(edition)), ""]
    left_out = [_left_line(edition, left) for left in edition.left_out] or ["nothing"]
    lines += ["LEFT OUT", "", *left_out]
    return "\n".join(lines).rstrip() + "\n"


def one_as_text(edition: Edition, article: Article) -> str:
    """Return why one article is in the edition, or why not."""
    by_hand = [done for _, done in decisions(edition, article.id)]
    for section, placed in section_stories(edition):
        if article.id == placed.lead.id:
            return "\n".join([section, *_story_lines(placed), *by_hand]) + "\n"
    for left in edition.left_out:
        if left.article_id == article.id:
            return "\n".join([_left_line(edition, left), *by_hand]) + "\n"
    return f"{article.id}  {article.title}: {why_outside(edition, article)}\n"


def _story_lines(placed: PlacedStory) -> list[str]:
    mark = "  (update)" if placed.update else ""
    lines = [f"{placed.place:>3}. {placed.lead.title}{mark}"]
    lines.append(f"     {placed.lead.id}   score {placed.ranked.score / MICRO:.2f}")
    for part in placed.ranked.telling:
        lines.append(f"     {part.micro / MICRO:>6.2f} {part.signal:<10} {part.fact}".rstrip())
    return lines + [f"            {note}" for note in _notes(placed)]


def _left_line(edition: Edition, left: LeftOut) -> str:
    score = f"{left.score / MICRO:6.2f}" if left.score else "      "
    return f"{score} {left.article_id}  {left.title}: {left_reason(edition, left)}"
