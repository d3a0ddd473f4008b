"""Articles become a draft edition, a proof, an approved edition."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache

from digest.app import App
from digest.audience.choices import in_words
from digest.audience.tokens import outlet_mark
from digest.deliver.dkim import signatures
from digest.deliver.head import Head, Recipient, head_for
from digest.deliver.message import Compiled, build, compile_message
from digest.deliver.verify import verify
from digest.errors import RenderError, WrongState
from digest.model import Edition, EditionState, Finding, Message, Rendered, Severity, Variant
from digest.pipeline.audience import aimed
from digest.pipeline.images import NO_COPIES
from digest.pipeline.material import compose_slot, same_hand
from digest.pipeline.outside import look_outside
from digest.pipeline.variants import (
    Wishes,
    as_chosen,
    fallbacks,
    frozen_variants,
    make_variants,
    sha256_of,
    wanted,
)
from digest.preflight import WORST_FIRST, Outside, check
from digest.slots import Slot, next_slot
from digest.store import editions


@dataclass(frozen=True, slots=True)
class Proof:
    """The rendered edition with its findings, before approval."""

    edition: Edition
    rendered: Rendered | None  #: None when a template cannot be rendered
    findings: tuple[Finding, ...]
    head: Head
    sha256: str = ""
    variants: tuple[Variant, ...] = ()  #: `rendered` is that of the first

    @property
    def readers(self) -> int:
        """Return how many get one of the variants."""
        return sum(each.readers + each.nearest for each in self.variants)

    @property
    def blockers(self) -> list[Finding]:
        """Return the findings that stop a send."""
        return [f for f in self.findings if f.severity is Severity.BLOCKER]


def draft_edition(
    app: App,
    slug: str,
    at: datetime | Slot | None = None,
    among: Sequence[EditionState] = editions.OPEN_STATES,
) -> Edition:
    """Build and store the draft for a slot: the next one, that of `at`, or the date of `at`.

    It takes the place of one whose state is `among` some.
    """
    slot, as_of = _when(app, slug, at)
    return store_draft(app, lambda: compose_slot(app, slug, slot, as_of), among)


def compose_next(app: App, slug: str, at: datetime | Slot | None = None) -> Edition:
    """Build the same edition in memory; nothing is stored."""
    return compose_slot(app, slug, *_when(app, slug, at))


def _when(app: App, slug: str, at: datetime | Slot | None) -> tuple[Slot, datetime]:
    """Return the slot an edition is for, and the instant it is built as of."""
    newsletter, now = app.newsletter(slug), app.now()
    zone = app.settings.slot_zone(slug)
    if isinstance(at, datetime):
        return Slot(at.astimezone(zone).date(), at), at
    slot = at or next_slot(newsletter.parsed_schedule, zone, now)
    return slot, min(slot.at - newsletter.content_cutoff, now)


def store_draft(
    app: App,
    make: Callable[[], Edition],
    among: Sequence[EditionState] = editions.OPEN_STATES,
) -> Edition:
    """Store the draft that `make` builds; again if an editor decided something meanwhile."""
    while True:
        made = make()
        with app.database.transaction() as tx:
            if same_hand(tx, made):
                return editions.save(tx, made, app.now(), among)


def find_edition(app: App, name: str) -> Edition:
    """Return a stored edition by id, `latest`, a newsletter's name or `newsletter@date`."""
    with app.database.reading() as tx:
        return editions.find(tx, name)


def proof(
    app: App,
    edition: Edition,
    *,
    online: bool = False,
    audience: str | None = None,
    wishes: Wishes | None = None,
) -> Proof:
    """Render an edition and look it over; once approved, the frozen bytes are shown.

    `online` also asks the DNS and every page and picture that is linked. The readers of
    `audience`, else of the newsletter's, decide which variants there are; `wishes` is what they
    want, for who has counted it.
    """
    newsletter, copies = app.newsletter(edition.newsletter), NO_COPIES
    variants, head = frozen_variants(app, edition)
    head = head or _new_head(app, edition)
    try:
        if not variants:
            wishes = wanted(app, edition, audience) if wishes is None else wishes
            variants, copies = make_variants(app, edition, head, wishes)
        made = [_read_back(variant.rendered, head, edition.slot_at) for variant in variants]
    except RenderError as error:
        blocker = Finding("render", Severity.BLOCKER, str(error), "templates")
        return Proof(edition, None, (blocker,), head)
    rendered = variants[0].rendered
    outside = look_outside(app, rendered) if online else Outside()
    outside = replace(outside, not_copied=copies.problems)
    findings = _look_over(app, edition, variants, [sample for _, sample in made], outside)
    findings += fallbacks(variants, newsletter.max_variants)
    sha256 = sha256_of([compiled for compiled, _ in made])
    return Proof(edition, rendered, tuple(findings), head, sha256, tuple(variants))


def _new_head(app: App, edition: Edition) -> Head:
    keys, slug = app.keys, edition.newsletter
    return head_for(app.settings, slug, edition.id, keys.current, outlet_mark(keys))


@lru_cache(maxsize=16)
def _read_back(rendered: Rendered, head: Head, date: datetime) -> tuple[Compiled, Message]:
    """Return a variant's message and a sample of it that reads back as meant.

    The same message is made once: who approves looks at what the desk has shown.
    """
    compiled = compile_message(rendered, head)
    sample = build(compiled, Recipient(head.sender_email, "P" * 32, 0, date))
    verify(sample)
    return compiled, sample


def _look_over(
    app: App,
    edition: Edition,
    variants: Sequence[Variant],
    samples: Sequence[Message],
    outside: Outside,
) -> list[Finding]:
    """Return what the rules find in any variant, each finding once, the worst first."""
    found: list[Finding] = []
    for variant, sample in zip(variants, samples, strict=True):
        plain = variant is variants[0]
        findings = check(
            as_chosen(app, edition, variant.choice),
            variant.rendered,
            app.settings.publication,
            public=leaves_this_machine(app),
            content=signatures(sample.content, app.signers) + sample.content,
            envelope=sample.sender,
            outside=outside if plain else Outside(),
            eased=app.newsletter(edition.newsletter).preflight,
        )
        if plain:
            found = list(findings)
            continue
        known = {(each.rule, each.severity) for each in found}
        where = f"variant {in_words(variant.choice)}"[:120]
        news = (each for each in findings if (each.rule, each.severity) not in known)
        found += [replace(each, where=where) for each in news]
    return sorted(found, key=lambda each: WORST_FIRST.index(each.severity))


def leaves_this_machine(app: App) -> bool:
    """Say whether mail goes out to a relay elsewhere."""
    mail = app.settings.mail
    return mail.transport == "smtp" and mail.smtp.host not in ("127.0.0.1", "::1", "localhost")


def approve_edition(
    app: App, edition: Edition, audience: str | None = None, *, seen: str = ""
) -> Edition:
    """Freeze the bytes of a draft: what is approved is what is sent (promise P9).

    Who it is for is frozen with it: `audience`, else the newsletter's.

    WrongState when it is no draft, is empty, preflight finds a blocker, or its hash is not the one
    somebody has `seen`.
    """
    if edition.state not in editions.OPEN_STATES:
        raise WrongState(f"{edition.key} is {edition.state.value}; only a draft can be approved")
    if not edition.stories:
        raise WrongState(f"{edition.key} has no stories; it cannot be sent")
    aim = aimed(app, edition) if audience is None else audience
    looked = proof(app, edition, online=leaves_this_machine(app), audience=aim)
    if looked.rendered is None or looked.blockers:
        first = looked.blockers[0]
        raise WrongState(f"{edition.key} cannot be sent: {first.rule}: {first.message}")
    if seen not in ("", looked.sha256):
        raise WrongState(f"{edition.key} has changed since you looked; look again")
    with app.database.transaction() as tx:
        # The move comes first: it is what decides between two who approve at the same moment.
        approved = editions.move(
            tx, edition, EditionState.APPROVED, app.now(), sha256=looked.sha256
        )
        meant = replace(edition, audience=aim)
        editions.freeze(tx, meant, looked.variants, asdict(looked.head))
        return replace(approved, audience=aim)


def move_edition(app: App, edition: Edition, to: EditionState, reason: str = "") -> Edition:
    """Change an edition's state, with the reason."""
    with app.database.transaction() as tx:
        return editions.move(tx, edition, to, app.now(), reason=reason)
