"""Which stories fill the top list and the category sections, and why others do not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from digest.compose.hand import TOP, Hand, rules_for
from digest.compose.words import Say, in_english
from digest.model import Article, LeftOut, PlacedStory, RankedStory, Section
from digest.settings import Newsletter, Ranking, SectionRule
from digest.text import truncate

UNPUBLISHED = "unpublished"  #: why an article that is gone from its site is left out
_AUTO_SECTIONS = 3  #: how many sections "auto" makes
_AUTO_STORIES = 4
_TITLE = 80  #: characters of a title inside a reason
_AUTO_LEAST = 2  #: a section needs that many stories to be worth its heading


@dataclass(frozen=True, slots=True)
class Used:
    """What earlier editions had."""

    articles: Mapping[str, str] = field(default_factory=dict)  #: article id -> edition key
    window_ends: Mapping[str, datetime] = field(default_factory=dict)  #: edition key -> end
    carried: Mapping[str, str] = field(default_factory=dict)  #: id that did not fit -> edition key
    marks: Mapping[str, str] = field(default_factory=dict)  #: id -> why it comes so late


@dataclass(frozen=True, slots=True)
class Chosen:
    """The layout."""

    top_stories: tuple[PlacedStory, ...]
    sections: tuple[Section, ...]
    left_out: tuple[LeftOut, ...]
    spare: tuple[str, ...] = ()  #: leads of good stories that did not fit


@dataclass(slots=True)
class _Desk:
    """What has been decided so far, while an edition is laid out."""

    used: Used
    ranking: Ranking
    hand: Hand
    taken: set[str] = field(default_factory=set)  #: ids of leads that have a place
    reasons: dict[str, str] = field(default_factory=dict)


def choose(
    newsletter: Newsletter,
    ranked: Sequence[RankedStory],
    used: Used,
    apart: Iterable[Article],
    hand: Hand | None = None,
    say: Say = in_english,
) -> Chosen:
    """Fill the top list, best first under the caps, then the sections from what remains.

    What the editor wants somewhere is there, whatever the caps and earlier editions say.
    """
    desk = _Desk(used, newsletter.ranking, hand or Hand())
    ranked = desk.hand.arrange(ranked)
    free = [story for story in ranked if _is_free(story, desk)]
    top = _top(free, newsletter.top_stories, desk)
    desk.taken |= {placed.lead.id for placed in top}
    remaining = [story for story in free if story.story.lead.id not in desk.taken]
    sections = _sections(newsletter, remaining, desk, say)
    spare = _spare(free, desk, newsletter.top_stories)
    return Chosen(top, sections, _left_out(ranked, apart, desk), spare)


def _spare(free: Sequence[RankedStory], desk: _Desk, most: int) -> tuple[str, ...]:
    """Return the best stories without a place that scored no less than some that have one.

    They are candidates of the next edition too; what was carried over once is not again.
    """
    chosen = [s.score for s in free if s.story.lead.id in desk.taken and not desk.hand.goes_to(s)]
    least = min(chosen, default=0)
    fit = [s.story.lead.id for s in free if s.score >= least]
    seen = desk.taken | desk.used.carried.keys()
    return tuple(key for key in fit if key not in seen)[:most] if chosen else ()


def _is_free(story: RankedStory, desk: _Desk) -> bool:
    """Say whether a story may be used: wanted, or not sent before, or with news since."""
    if desk.hand.is_dropped(story):
        desk.reasons[story.story.lead.id] = desk.hand.why(story.story.lead)
        return False
    if desk.hand.goes_to(story):
        return True
    before = _editions_with(story, desk.used)
    if not before or _has_news(story, before, desk.used):
        return True
    desk.reasons[story.story.lead.id] = f"already sent in {max(before)}"
    return False


def _editions_with(story: RankedStory, used: Used) -> set[str]:
    ids = [article.id for article in story.story.articles] + list(story.story.earlier)
    return {used.articles[key] for key in ids if key in used.articles}


def _has_news(story: RankedStory, before: set[str], used: Used) -> bool:
    """Say whether the lead itself is unsent and newer than every edition that had the story."""
    lead = story.story.lead
    if lead.id in used.articles or lead.published_at is None:
        return False
    return all(lead.published_at >= used.window_ends[key] for key in before)


def _place(
    number: int, story: RankedStory, desk: _Desk, category: str, note: str = ""
) -> PlacedStory:
    update = bool(_editions_with(story, desk.used))
    lead = story.story.lead
    notes = (desk.hand.why(lead), desk.used.marks.get(lead.id, ""), note)
    return PlacedStory(number, story, category, update, "; ".join(filter(None, notes)))


def _top(free: Sequence[RankedStory], size: int, desk: _Desk) -> tuple[PlacedStory, ...]:
    """Take what is wanted there, then the best under the caps.

    The caps are relaxed only when the week has too little otherwise.
    """
    outlets = {story.story.lead.outlet for story in free}
    caps = _Caps(desk.ranking, single_outlet=len(outlets) == 1)
    wanted = [story for story in free if desk.hand.goes_to(story) == TOP]
    for story in wanted:
        caps.count(story)
    rest = [story for story in free if not desk.hand.goes_to(story)]
    chosen = list(wanted)
    for story in rest:
        if len(caps.taken) >= size:
            break
        if caps.take(story):
            chosen.append(story)
    for story in rest:
        if len(chosen) >= size:
            break
        if story not in chosen:
            chosen.append(story)
    desk.reasons |= caps.refused
    return tuple(
        _place(number, story, desk, story.story.lead.category, _gave_way(story, caps))
        for number, story in enumerate(_in_order(chosen, free, desk), 1)
    )


def _in_order(
    chosen: Iterable[RankedStory], every: Iterable[RankedStory], desk: _Desk
) -> list[RankedStory]:
    """Return the chosen stories in the order of all, but for the places an editor gave."""
    ids = {story.story.lead.id for story in chosen}
    ordered = (story for story in every if story.story.lead.id in ids)
    return desk.hand.in_places(list(islice(ordered, len(ids))))


def _gave_way(story: RankedStory, caps: "_Caps") -> str:
    reason = caps.refused.get(story.story.lead.id, "")
    return f"the week has too little otherwise, so this gave way: {reason}" if reason else ""


@dataclass(slots=True)
class _Caps:
    """How many stories of one author, outlet and category the top list takes."""

    ranking: Ranking
    single_outlet: bool
    taken: list[RankedStory] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, story: RankedStory) -> bool:
        """Take the story unless a cap is reached; remember which."""
        lead = story.story.lead
        limits = self._limits(lead)
        for (kind, name), limit in limits.items():
            if self.counts[kind, name] >= limit:
                self.refused[lead.id] = f"cap reached: {limit} by {kind} {name}"
                return False
        self.count(story)
        return True

    def count(self, story: RankedStory) -> None:
        """Count a story that is taken."""
        self.counts.update(self._limits(story.story.lead).keys())
        self.taken.append(story)

    def _limits(self, lead: Article) -> dict[tuple[str, str], int]:
        limits = {
            ("author", lead.author): self.ranking.per_author,
            ("category", lead.category): self.ranking.per_category,
        }
        if not self.single_outlet:
            limits["outlet", lead.outlet] = self.ranking.per_outlet
        return {(kind, name): limit for (kind, name), limit in limits.items() if name}


def _sections(
    newsletter: Newsletter, remaining: Sequence[RankedStory], desk: _Desk, say: Say
) -> tuple[Section, ...]:
    decided = [story for story in remaining if desk.hand.goes_to(story)]
    free = [s for s in remaining if not desk.hand.goes_to(s)] if decided else remaining
    rules = _busiest(free) if newsletter.sections == "auto" else newsletter.sections
    made = []
    for rule in rules_for(rules, desk.hand.sections(decided)):
        chosen = _in_order(_fill(rule, decided, free, desk), remaining, desk)
        desk.taken |= {story.story.lead.id for story in chosen}
        placed = tuple(
            _place(n, s, desk, rule.category, _kept_out(s, desk)) for n, s in enumerate(chosen, 1)
        )
        if placed:
            title = rule.title or say("More in %(category)s", category=rule.category)
            made.append(Section(title, rule.category, placed))
    return tuple(made)


def _fill(
    rule: SectionRule, decided: Sequence[RankedStory], free: Sequence[RankedStory], desk: _Desk
) -> list[RankedStory]:
    """Return what an editor wants in a section, then the best that belong there."""
    name = rule.category.casefold()
    open_ones = (s for s in decided if s.story.lead.id not in desk.taken)
    wanted = [story for story in open_ones if desk.hand.goes_to(story).casefold() == name]
    fit = (s for s in free if _belongs(s, name) and s.story.lead.id not in desk.taken)
    return [*wanted, *islice(fit, max(0, rule.stories - len(wanted)))]


def _kept_out(story: RankedStory, desk: _Desk) -> str:
    reason = desk.reasons.get(story.story.lead.id, "")
    return f"not a top story: {reason}" if reason else ""


def _belongs(story: RankedStory, name: str) -> bool:
    return any(category.casefold() == name for category in story.story.lead.categories)


def _busiest(remaining: Sequence[RankedStory]) -> tuple[SectionRule, ...]:
    """Return rules for the categories with most remaining stories; ties in rank order."""
    counted = Counter(story.story.lead.category for story in remaining)
    busy = [name for name, n in counted.most_common() if name and n >= _AUTO_LEAST]
    return tuple(
        SectionRule(category=name, stories=_AUTO_STORIES) for name in busy[:_AUTO_SECTIONS]
    )


def _left_out(
    ranked: Sequence[RankedStory], apart: Iterable[Article], desk: _Desk
) -> tuple[LeftOut, ...]:
    """Name every article of the window without a place of its own, with its reason."""
    named = []
    for story in ranked:
        lead = story.story.lead
        if lead.id not in desk.taken:
            reason = desk.reasons.get(lead.id, "below the cut")
            if lead.id in desk.used.carried:
                reason = f"carried over from {desk.used.carried[lead.id]}; {reason}"
            named.append(LeftOut(lead.id, lead.title, reason, story.score))
        if story.story.others:
            reason = f"duplicate of {lead.id}, {truncate(lead.title, _TITLE)}"
            named += [LeftOut(other.id, other.title, reason) for other in story.story.others]
    for article in apart:
        named.append(LeftOut(article.id, article.title, _why_apart(article, desk)))
    return tuple(named)


def _why_apart(article: Article, desk: _Desk) -> str:
    decided = desk.hand.why(article)
    return "; ".join(filter(None, (_kind_apart(article, desk), decided)))


def _kind_apart(article: Article, desk: _Desk) -> str:
    if article.gone_at is not None:
        return UNPUBLISHED
    if article.hidden:
        return f"hidden by {desk.hand.who_hid(article)}"
    return "sponsored: kept out of the ranking"
