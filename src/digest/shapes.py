"""What is printed as JSON: fixed names that people write scripts against."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

from digest.model import (
    Article,
    Delivery,
    Edition,
    Feed,
    Finding,
    Numbers,
    PlacedStory,
    Placement,
    Section,
    Subscriber,
    SubscriptionState,
)

Shape = dict[str, Any]
_BEST = (SubscriptionState.ACTIVE, SubscriptionState.PENDING, SubscriptionState.ENDED)


def moment(value: datetime | None) -> str | None:
    """Return a moment as people and programs read it: ISO 8601 in UTC with Z."""
    return value.isoformat().replace("+00:00", "Z") if value else None


def article(value: Article) -> Shape:
    """Return an article without its body."""
    return {
        "id": value.id,
        "url": value.url,
        "title": value.title,
        "author": value.author,
        "author_bio": value.author_bio,
        "summary": value.summary,
        "image_url": value.image.url if value.image else "",
        "image_caption": value.image.caption if value.image else "",
        "categories": list(value.categories),
        "published_at": moment(value.published_at),
        "updated_at": moment(value.updated_at),
        "words": value.words,
        "feed": value.feed,
        "hidden": value.hidden,
    }


def feed(value: Feed) -> Shape:
    """Return a feed with what its last fetch said."""
    return asdict(value) | {
        "next_due_at": moment(value.next_due_at),
        "last_success_at": moment(value.last_success_at),
        "failing_since": moment(value.failing_since),
    }


def edition(value: Edition, numbers: Numbers) -> Shape:
    """Return an edition with its stories and its books."""
    return {
        "id": value.id,
        "newsletter": value.newsletter,
        "slot": value.slot_on.isoformat(),
        "slot_at": moment(value.slot_at),
        "window_start": moment(value.window_start),
        "window_end": moment(value.window_end),
        "state": value.state.value,
        "reason": value.reason,
        "subject": value.subject,
        "stand_first": value.stand_first,
        "note": value.note,
        "audience": value.audience,
        "sha256": value.sha256,
        "top_stories": [_story(placed) for placed in value.top_stories],
        "sections": [_section(section) for section in value.sections],
        "placements": [placement(each) for each in value.placements],
        "numbers": asdict(numbers),
    }


def _section(value: Section) -> Shape:
    return {"title": value.title, "stories": [_story(placed) for placed in value.stories]}


def _story(value: PlacedStory) -> Shape:
    return {
        "article_id": value.lead.id,
        "url": value.lead.url,
        "title": value.lead.title,
        "score": value.ranked.score,
        "update": value.update,
        "also": [other.id for other in value.ranked.story.others],
    }


def delivery(value: Delivery) -> Shape:
    """Return a row of the ledger."""
    return value._asdict() | {
        "state": value.state.value,
        "first_claimed_at": moment(value.first_claimed_at),
        "next_try_at": moment(value.next_try_at),
        "settled_at": moment(value.settled_at),
    }


def placement(value: Placement) -> Shape:
    """Return a sponsor's text."""
    return asdict(value) | {
        "starts_on": value.starts_on.isoformat() if value.starts_on else None,
        "ends_on": value.ends_on.isoformat() if value.ends_on else None,
    }


def finding(value: Finding) -> Shape:
    """Return what a preflight rule says."""
    return asdict(value) | {"severity": value.severity.value}


def subscriber(
    value: Subscriber, known: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Shape:
    """Return a person; suppressed wins, else the best of the subscriptions.

    `known` are the categories of each newsletter, of which they get what they have not muted.
    """
    mine = value.subscriptions
    going = [s for s in mine if s.state is not SubscriptionState.ENDED]
    wanted = [c for s in going for c in known.get(s.newsletter, ()) if c not in s.muted]
    confirmed = [s.confirmed_at for s in mine if s.confirmed_at]
    ended = [s.ended_at for s in mine if s.ended_at]
    return {
        "email": value.email,
        "name": value.name,
        "status": status(value),
        "newsletters": [s.newsletter for s in going],
        "categories": list(dict.fromkeys(wanted)),
        "created_at": moment(value.created_at),
        "confirmed_at": moment(min(confirmed, default=None)),
        "ended_at": moment(max(ended, default=None)),
        "tags": list(value.tags),
        "language": value.language,
        "timezone": value.timezone,
    }


def status(value: Subscriber) -> str:
    """Return one word for a person: pending, active, ended or suppressed."""
    if value.suppressed:
        return "suppressed"
    states = {subscription.state for subscription in value.subscriptions}
    return next((state.value for state in _BEST if state in states), "pending")
