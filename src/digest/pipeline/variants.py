"""An edition as each group of readers gets it: as short, in the language they want."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from digest.app import App, templates_of
from digest.audience import choices
from digest.audience.choices import PLAIN, Chooser, in_words, nearest, offers
from digest.compose.words import stand_first
from digest.deliver.head import Head, head_for
from digest.deliver.message import Compiled, compile_message
from digest.errors import NotFound
from digest.language import Speech, speech
from digest.model import (
    Choice,
    Edition,
    Finding,
    Rendered,
    Section,
    Severity,
    Variant,
)
from digest.pipeline.audience import aimed, audience_of
from digest.pipeline.images import Copies, local_copies
from digest.settings import Theme
from digest.settings.folders import folders_of
from digest.store import editions
from digest.store import variants as store

Wishes = Mapping[Choice, int]  #: how many want it how


def chooser(app: App, edition: Edition) -> Chooser:
    """Return what tells of a reader's choice what makes a difference to an edition."""
    theme, home = app.newsletter(edition.newsletter).theme, app.settings.publication.language
    return choices.chooser(edition, theme, home, templates_of(app.folder))


def nearest_of(choose: Chooser, variants: Sequence[Variant]) -> Callable[[Choice], int]:
    """Return what gives the number of the variant that serves a choice."""
    made = [variant.choice for variant in variants]
    return lambda choice: nearest(choose(choice), made)


def wanted(app: App, edition: Edition, audience: str | None = None) -> Wishes:
    """Return how many of the readers it is for, else of `audience`, want an edition how."""
    choose = chooser(app, edition)
    among = audience_of(app, aimed(app, edition) if audience is None else audience)
    with app.database.reading() as tx:
        return store.wanted(tx, edition.newsletter, among, lambda tag: _differs(choose, tag))


def _differs(choose: Chooser, language: str) -> bool:
    return bool(choose(Choice(language=language)).language)


def make_variants(
    app: App, edition: Edition, head: Head, wishes: Wishes
) -> tuple[list[Variant], Copies]:
    """Render what readers want; no more than `max_variants`, the plain one first."""
    newsletter, choose = app.newsletter(edition.newsletter), chooser(app, edition)
    counted: Counter[Choice] = Counter()
    for choice, readers in wishes.items():
        counted[choose(choice)] += readers
    offered = offers(counted, newsletter.max_variants)
    densities = {offer.choice.density or newsletter.theme.density for offer in offered}
    copies = local_copies(app, edition, theme=_in(newsletter.theme, _richest(densities)))
    made = [
        Variant(o.choice, _rendered(app, edition, head, o.choice, copies), o.readers, o.nearest)
        for o in offered
    ]
    return made, copies


def plain_look(app: App, edition: Edition) -> Rendered:
    """Return the plain variant alone, to look at: nobody is counted, nothing is checked."""
    if variants := frozen_variants(app, edition)[0]:
        return variants[0].rendered
    head = head_for(app.settings, edition.newsletter, edition.id, app.keys.current)
    return _rendered(app, edition, head, PLAIN, local_copies(app, edition))


def _rendered(app: App, edition: Edition, head: Head, choice: Choice, copies: Copies) -> Rendered:
    return app.renderer.render_edition(
        as_chosen(app, edition, choice),
        app.settings.publication,
        head.title,
        app.settings.web.base_url,
        _in(app.newsletter(edition.newsletter).theme, choice.density),
        copies.found,
        language=choice.language,
        key_id=head.key_id,
    )


def _richest(densities: Iterable[str]) -> str:
    """Return the density that shows the most pictures: it needs all the copies there are."""
    return min(densities, key=("full", "compact", "headlines").index)


def _in(theme: Theme, density: str) -> Theme:
    return theme.model_copy(update={"density": density}) if density else theme


def as_chosen(app: App, edition: Edition, choice: Choice) -> Edition:
    """Return an edition without the muted sections; our own phrases in the reader's language."""
    kept = tuple(s for s in edition.sections if s.category not in choice.muted)
    if choice.language:
        folders = folders_of(
            templates_of(app.folder), app.newsletter(edition.newsletter).theme.name
        )
        theirs = speech(folders, choice.language)
        kept = tuple(_retold(section, app.speech, theirs) for section in kept)
        if edition.stand_first == stand_first(edition.top_stories, app.speech.say):
            told = stand_first(edition.top_stories, theirs.say)
            edition = replace(edition, stand_first=told)
    return replace(edition, sections=kept)


def _retold(section: Section, ours: Speech, theirs: Speech) -> Section:
    """Say a section's title anew, when it is the usual one."""
    phrase = "More in %(category)s"
    if section.title != ours.say(phrase, category=section.category):
        return section
    return replace(section, title=theirs.say(phrase, category=section.category))


def frozen_variants(app: App, edition: Edition) -> tuple[list[Variant], Head | None]:
    """Return what was approved, the plain variant first, and the head; nothing before approval."""
    if not edition.id or edition.state in editions.OPEN_STATES:
        return [], None
    with app.database.reading() as tx:
        try:
            variants, head = store.frozen(tx, edition.id)
        except NotFound:
            return [], None
    return variants, Head(**head)


def compiled_variants(variants: Sequence[Variant], head: Head) -> list[Compiled]:
    """Return the messages of variants, encoded, in order."""
    return [compile_message(variant.rendered, head) for variant in variants]


def sha256_of(compiled: Sequence[Compiled]) -> str:
    """Return the hash of all that is sent, each variant's bytes with tokens unfilled (P9)."""
    if len(compiled) == 1:
        return compiled[0].sha256
    return hashlib.sha256("\n".join(each.sha256 for each in compiled).encode()).hexdigest()


def fallbacks(variants: Sequence[Variant], most: int) -> list[Finding]:
    """Return what is to be said when not every reader gets what they want."""
    strays = sum(variant.nearest for variant in variants)
    if not strays:
        return []
    message = (
        f"readers who get the nearest of its {len(variants)} variants and not what they want: "
        f"{strays:,}; max_variants of the newsletter is {most}"
    )
    words = "; ".join(in_words(v.choice) for v in variants if v.nearest)
    return [Finding("variants", Severity.INFO, message, words[:120])]
