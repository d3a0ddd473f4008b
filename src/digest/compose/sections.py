"""Which stories fill the top list and the category sections, and why others do not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from digest.compose.words import Say, in_english
from digest.model import Article, LeftOut, PlacedStory, RankedStory, Section
from digest.settings import Newsletter, Ranking, SectionRule

UNPUBLISHED = "unpublished"  #: why an article that is gone from its site is left out
_AUTO_SECTIONS = 3  #: how many sections "auto" makes
_AUTO_STORIES = 4
_AUTO_LEAST = 2  #: a section needs that many stories to be worth its heading


@dataclass(frozen=True, slots=True)
class Used:
    """What earlier editions had."""

    articles: Mapping[str, str] = field(default_factory=dict)  #: article id -> edition key
    window_ends: Mapping[str, datetime] = field(default_factory=dict)  #: edition key -> end


@dataclass(frozen=True, slots=True)
class Chosen:
    """The layout."""

    top_stories: tuple[PlacedStory, ...]
    sections: tuple[Section, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True)
class _Desk:
    """What has been decided so far, while an edition is laid out."""

    used: Used
    ranking: Ranking
    taken: set[str] = field(default_factory=set)  #: ids of leads that have a place
    reasons: dict[str, str] = field(default_factory=dict)


def choose(
    newsletter: Newsletter,
    ranked: Sequence[RankedStory],
    used: Used,
    apart: Iterable[Article],
    say: Say = in_english,
) -> Chosen:
    """Fill the top list, best first under the caps, then the sections from what remains."""
    desk = _Desk(used, newsletter.ranking)
    free = [story for story in ranked if _is_free(story, desk)]
    top = _top(free, newsletter.top_stories, desk)
    desk.taken |= {placed.lead.id for placed in top}
    remaining = [story for story in free if story.story.lead.id not in desk.taken]
    sections = _sections(newsletter, remaining, desk, say)
    return Chosen(top, sections, _left_out(ranked, apart, desk))


def category_of(article: Article) -> str:
    """Return the category an article counts under: its first."""
    return article.categories[0] if article.categories else ""


def _is_free(story: RankedStory, desk: _Desk) -> bool:
    """Say whether a story may be used: not sent before, or with news since."""
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
    return PlacedStory(number, story, category, update, note)


def _top(free: Sequence[RankedStory], size: int, desk: _Desk) -> tuple[PlacedStory, ...]:
    """Take the best under the caps; relax them only when the week has too little otherwise."""
    outlets = {story.story.lead.outlet for story in free}
    caps = _Caps(desk.ranking, single_outlet=len(outlets) == 1)
    chosen = [story for story in free if len(caps.taken) < size and caps.take(story)]
    for story in free:
        if len(chosen) >= size:
            break
        if story not in chosen:
            chosen.append(story)
    chosen.sort(key=free.index)
    desk.reasons |= caps.refused
    return tuple(
        _place(number, story, desk, category_of(story.story.lead), _gave_way(story, caps))
        for number, story in enumerate(chosen, 1)
    )


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
        self.counts.update(limits.keys())
        self.taken.append(story)
        return True

    def _limits(self, lead: Article) -> dict[tuple[str, str], int]:
        limits = {
            ("author", lead.author): self.ranking.per_author,
            ("category", category_of(lead)): self.ranking.per_category,
        }
        if not self.single_outlet:
            limits["outlet", lead.outlet] = self.ranking.per_outlet
        return {(kind, name): limit for (kind, name), limit in limits.items() if name}


def _sections(
    newsletter: Newsletter, remaining: Sequence[RankedStory], desk: _Desk, say: Say
) -> tuple[Section, ...]:
    rules = newsletter.sections
    if rules == "auto":
        rules = _busiest(remaining)
    made = []
    for rule in rules:
        stories = [s for s in remaining if _belongs(s, rule) and s.story.lead.id not in desk.taken]
        chosen = stories[: rule.stories]
        desk.taken |= {story.story.lead.id for story in chosen}
        placed = tuple(
            _place(n, s, desk, rule.category, _kept_out(s, desk)) for n, s in enumerate(chosen, 1)
        )
        if placed:
            title = rule.title or say("More in %(category)s", category=rule.category)
            made.append(Section(title, rule.category, placed))
    return tuple(made)


def _kept_out(story: RankedStory, desk: _Desk) -> str:
    reason = desk.reasons.get(story.story.lead.id, "")
    return f"not a top story: {reason}" if reason else ""


def _belongs(story: RankedStory, rule: SectionRule) -> bool:
    names = {name.casefold() for name in story.story.lead.categories}
    return rule.category.casefold() in names


def _busiest(remaining: Sequence[RankedStory]) -> tuple[SectionRule, ...]:
    """Return rules for the categories with most remaining stories; ties in rank order."""
    counted = Counter(category_of(story.story.lead) for story in remaining)
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
            named.append(LeftOut(lead.id, lead.title, reason, story.score))
        reason = f"tells the same story as {lead.id}"
        named += [LeftOut(other.id, other.title, reason) for other in story.story.others]
    for article in apart:
        named.append(LeftOut(article.id, article.title, _why_apart(article)))
    return tuple(named)


def _why_apart(article: Article) -> str:
    if article.gone_at is not None:
        return UNPUBLISHED
    return "hidden by an editor" if article.hidden else "sponsored: kept out of the ranking"
