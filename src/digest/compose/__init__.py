"""Ranked stories to an edition: what goes where, and why the rest stays out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from digest.compose.hand import Hand
from digest.compose.sections import Used, choose
from digest.compose.words import Say, in_english, stand_first, subject
from digest.model import Article, Edition, EditionState, Override, Placement, RankedStory
from digest.settings import Newsletter


@dataclass(frozen=True, slots=True)
class Brief:
    """The slot an edition is for."""

    newsletter: str
    slot_on: date
    slot_at: datetime
    window_start: datetime
    window_end: datetime
    usual_start: datetime | None = None  #: when it is later than `window_start`


def compose(
    brief: Brief,
    newsletter: Newsletter,
    ranked: Sequence[RankedStory],
    used: Used,
    apart: Sequence[Article],
    placements: Sequence[Placement],
    overrides: Sequence[Override] = (),
    say: Say = in_english,
) -> Edition:
    """Lay out a draft edition.

    `used` is what earlier editions had; `apart` are articles kept out of the ranking; `overrides`
    are what editors decided; `say` translates. A thin edition is held with its reason.
    """
    hand = Hand(overrides)
    chosen = choose(newsletter, ranked, used, apart, hand, say)
    found = len(chosen.top_stories) + sum(len(s.stories) for s in chosen.sections)
    reason = ""
    if found < newsletter.minimum_stories:
        reason = f"thin week: {found} of at least {newsletter.minimum_stories} stories"
    return Edition(
        newsletter=brief.newsletter,
        slot_on=brief.slot_on,
        slot_at=brief.slot_at,
        window_start=brief.window_start,
        window_end=brief.window_end,
        subject=hand.word("subject", subject(newsletter.title, chosen.top_stories)),
        stand_first=hand.word("stand_first", stand_first(chosen.top_stories, say)),
        note=hand.word("note", ""),
        top_stories=chosen.top_stories,
        sections=chosen.sections,
        placements=tuple(placements[:2]),
        left_out=chosen.left_out,
        spare=chosen.spare,
        overrides=tuple(overrides),
        usual_start=brief.usual_start,
        state=EditionState.HELD if reason else EditionState.DRAFT,
        reason=reason,
    )
