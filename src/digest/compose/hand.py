"""What an editor decided about an edition, applied to its ranked stories."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from digest.model import Article, Image, Override, RankedStory, Story
from digest.settings import SectionRule

TOP, OUT = "top", "out"  #: a place's `to`; anything else is a section's category

RETOLD = ("title", "summary", "image_url")  #: what may be edited of a story for one edition
NO_PICTURE = "none"  #: an `image_url`: the story is shown without


class Hand:
    """Where an editor wants which article, and who said so."""

    def __init__(self, overrides: Iterable[Override] = ()) -> None:
        """Sort what was decided by what it is about."""
        every = list(overrides)
        self._places = {one.article_id: one for one in every if one.name == "place"}
        self._to = {key: one.value["to"] for key, one in self._places.items()}
        self._hidden = {one.article_id: one for one in every if one.name == "hidden"}
        self._words = {one.name: one.value for one in every if not one.article_id}

    def word(self, name: str, otherwise: str) -> str:
        """Return the subject, stand-first or note: an editor's, else the one that was made."""
        return str(self._words.get(name, otherwise))

    def goes_to(self, story: RankedStory) -> str:
        """Return where a story's lead is wanted: "top", a section's category, or ""."""
        to = self._to.get(story.story.lead.id, "") if self._to else ""
        return "" if to == OUT else str(to)

    def sections(self, ranked: Iterable[RankedStory]) -> list[str]:
        """Return the categories of the sections that stories are wanted in."""
        wanted = (self.goes_to(story) for story in ranked)
        return [to for to in dict.fromkeys(wanted) if to not in ("", TOP)]

    def why(self, article: Article) -> str:
        """Say what was decided of an article and who did it; "" without a decision."""
        decided = self._places.get(article.id)
        return f"{decided.done} by {decided.by}" if decided else ""

    def who_hid(self, article: Article) -> str:
        """Return the name of who hid an article."""
        return self._hidden[article.id].by if article.id in self._hidden else "an editor"

    def arrange(self, ranked: Sequence[RankedStory]) -> list[RankedStory]:
        """Return the stories as the editor wants them told.

        A wanted article leads its story, or makes one of its own when another of the story is
        wanted too; a dropped one beside it is told no more. Without a wanted article a dropped
        one takes its whole story along: it leads it, so that the story is known by it.
        """
        if not self._places:
            return list(ranked)
        return [told for story in ranked for told in self._told(story)]

    def is_dropped(self, story: RankedStory) -> bool:
        """Say whether the story stays out."""
        return self._is_out(story.story.lead)

    def in_places(self, stories: Sequence[RankedStory]) -> list[RankedStory]:
        """Put each story with a wanted place exactly there; the others keep their order."""
        placed = {s.story.lead.id: self._place(s) for s in stories}
        found = [story for story in stories if not placed[story.story.lead.id]]
        for story in sorted(stories, key=self._place):
            if placed[story.story.lead.id]:
                found.insert(placed[story.story.lead.id] - 1, story)
        return found

    def _place(self, story: RankedStory) -> int:
        decided = self._places.get(story.story.lead.id)
        return int(decided.value.get("place") or 0) if decided else 0

    def _is_out(self, article: Article) -> bool:
        return self._to.get(article.id) == OUT

    def _told(self, ranked: RankedStory) -> list[RankedStory]:
        every = ranked.story.articles
        dropped = [a for a in every if self._is_out(a)]
        wanted = [a for a in every if a.id in self._places and a not in dropped]
        if not wanted and not dropped:
            return [ranked]
        if not wanted:
            rest = tuple(a for a in every if a != dropped[0])
            return [replace(ranked, story=Story(dropped[0], rest, ranked.story.earlier))]
        rest = tuple(a for a in every if a not in wanted and a not in dropped)
        first = Story(wanted[0], rest, ranked.story.earlier)
        alone = [Story(article, (), ranked.story.earlier) for article in wanted[1:] + dropped]
        return [replace(ranked, story=story) for story in (first, *alone)]


def shifted(pinned: Mapping[str, int], was: int, moved: str, to: int) -> dict[str, int]:
    """Return the places that change when a story goes to place `to`; `was` 0: from elsewhere.

    Only what is pinned moves, by one, between the two places; what is not flows around it.
    """
    others = {key: place for key, place in pinned.items() if key != moved}
    changed = {moved: to}
    if was and was < to:  # towards the end: those in between come forward
        changed |= {key: n - 1 for key, n in others.items() if was < n <= to}
    elif was:
        changed |= {key: n + 1 for key, n in others.items() if to <= n < was}
    else:
        taken = set(others.values())
        room = next(n for n in range(to, to + len(taken) + 1) if n not in taken)
        changed |= {key: n + 1 for key, n in others.items() if to <= n < room}
    return changed


def retold(stories: Sequence[RankedStory], overrides: Iterable[Override]) -> list[RankedStory]:
    """Return the stories with the headlines, summaries and pictures edited for this edition."""
    edits: dict[str, dict[str, str]] = {}
    for one in overrides:
        if one.name in RETOLD and one.value:
            edits.setdefault(one.article_id, {})[one.name] = one.value
    if not edits:
        return list(stories)
    return [_with_edits(story, edits) for story in stories]


def _with_edits(ranked: RankedStory, edits: Mapping[str, Mapping[str, str]]) -> RankedStory:
    every = [_edited(article, edits.get(article.id, {})) for article in ranked.story.articles]
    return replace(ranked, story=Story(every[0], tuple(every[1:]), ranked.story.earlier))


def _edited(article: Article, edits: Mapping[str, str]) -> Article:
    title, summary = edits.get("title", article.title), edits.get("summary", article.summary)
    url = edits.get("image_url", "")
    picture = Image(url) if url else article.image
    if url == NO_PICTURE:
        picture = None
    return replace(article, title=title, summary=summary, image=picture)


def rules_for(rules: Sequence[SectionRule], wanted: Sequence[str]) -> list[SectionRule]:
    """Return the sections' rules, with one for each section a story is wanted in."""
    there = {rule.category.casefold() for rule in rules}
    return [*rules, *(SectionRule(category=c) for c in wanted if c.casefold() not in there)]
