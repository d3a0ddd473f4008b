"""Articles become a draft edition, a proof, an approved edition."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from digest.app import App
from digest.compose import Brief, compose
from digest.compose.sections import Used
from digest.deliver.head import Head, Recipient, head_for
from digest.deliver.message import build, compile_message
from digest.deliver.verify import verify
from digest.errors import NotFound, RenderError, WrongState
from digest.model import Article, Edition, EditionState, Finding, Rendered, Severity
from digest.preflight import check
from digest.rank import rank
from digest.slots import Slot, next_slot
from digest.store import articles, editions, placements

_WIDEST = 3  #: windows an edition may look back at most


@dataclass(frozen=True, slots=True)
class Proof:
    """The rendered edition with its findings, before approval."""

    edition: Edition
    rendered: Rendered | None  #: None when a template cannot be rendered
    findings: tuple[Finding, ...]
    head: Head
    sha256: str = ""

    @property
    def blockers(self) -> list[Finding]:
        """Return the findings that stop a send."""
        return [f for f in self.findings if f.severity is Severity.BLOCKER]


def draft_edition(app: App, slug: str, at: datetime | Slot | None = None) -> Edition:
    """Build and store the draft for a slot: the next one, that of `at`, or the date of `at`."""
    edition = compose_next(app, slug, at)
    with app.database.transaction() as tx:
        return editions.save(tx, edition, app.now())


def compose_next(app: App, slug: str, at: datetime | Slot | None = None) -> Edition:
    """Build the same edition in memory; nothing is stored."""
    slot = _slot(app, slug, at)
    as_of = min(slot.at, app.now()) if isinstance(at, Slot) else at or app.now()
    return _compose(app, slug, slot, as_of)


def find_edition(app: App, name: str) -> Edition:
    """Return a stored edition by id, `latest`, a newsletter's name or `newsletter@date`."""
    with app.database.reading() as tx:
        return editions.find(tx, name)


def proof(app: App, edition: Edition) -> Proof:
    """Render an edition and look it over; once approved, the frozen bytes are shown."""
    publication, base_url = app.settings.publication, app.settings.web.base_url
    frozen = frozen_bytes(app, edition)
    head = frozen[1] if frozen else head_for(app.settings, edition.newsletter, edition.id)
    try:
        rendered = (
            frozen[0]
            if frozen
            else app.renderer.render_edition(
                edition, publication, head.title, base_url, app.newsletter(edition.newsletter).theme
            )
        )
        compiled = compile_message(rendered, head)
        verify(build(compiled, Recipient(head.sender_email, "P" * 32, 0, edition.slot_at)))
    except RenderError as error:
        blocker = Finding("render", Severity.BLOCKER, str(error), "templates")
        return Proof(edition, None, (blocker,), head)
    findings = check(edition, rendered, publication, public=_leaves_this_machine(app))
    return Proof(edition, rendered, findings, head, compiled.sha256)


def _leaves_this_machine(app: App) -> bool:
    mail = app.settings.mail
    return mail.transport == "smtp" and mail.smtp.host not in ("127.0.0.1", "::1", "localhost")


def approve_edition(app: App, edition: Edition) -> Edition:
    """Freeze the bytes of a draft: what is approved is what is sent (promise P9).

    WrongState when it is no draft, is empty, or preflight finds a blocker.
    """
    if edition.state not in editions.OPEN_STATES:
        raise WrongState(f"{edition.key} is {edition.state.value}; only a draft can be approved")
    if not edition.stories:
        raise WrongState(f"{edition.key} has no stories; it cannot be sent")
    looked = proof(app, edition)
    if looked.rendered is None or looked.blockers:
        first = looked.blockers[0]
        raise WrongState(f"{edition.key} cannot be sent: {first.rule}: {first.message}")
    with app.database.transaction() as tx:
        # The move comes first: it is what decides between two who approve at the same moment.
        approved = editions.move(
            tx, edition, EditionState.APPROVED, app.now(), sha256=looked.sha256
        )
        editions.freeze(tx, edition, looked.rendered, asdict(looked.head))
        return approved


def frozen_bytes(app: App, edition: Edition) -> tuple[Rendered, Head] | None:
    """Return what was approved, bytes and head; None before approval."""
    if not edition.id or edition.state in editions.OPEN_STATES:
        return None
    with app.database.reading() as tx:
        try:
            rendered, head = editions.frozen_content(tx, edition.id)
        except NotFound:
            return None
    return rendered, Head(**head)


def move_edition(app: App, edition: Edition, to: EditionState, reason: str = "") -> Edition:
    """Change an edition's state, with the reason."""
    with app.database.transaction() as tx:
        return editions.move(tx, edition, to, app.now(), reason=reason)


def _slot(app: App, slug: str, at: datetime | Slot | None) -> Slot:
    if isinstance(at, Slot):
        return at
    zone = app.settings.zone
    if at is not None:
        return Slot(at.astimezone(zone).date(), at)
    return next_slot(app.newsletter(slug).parsed_schedule, zone, app.now())


def _compose(app: App, slug: str, slot: Slot, as_of: datetime) -> Edition:
    """Compose with the newsletter's window; a thin week may widen it, twice at most."""
    newsletter = app.newsletter(slug)
    tries = range(1, _WIDEST + 1) if newsletter.thin_week == "widen" else (1,)
    for times in tries:
        edition = _compose_window(app, slug, slot, as_of, newsletter.window * times)
        if edition.state is not EditionState.HELD:
            break
    return edition


def _compose_window(app: App, slug: str, slot: Slot, as_of: datetime, window: timedelta) -> Edition:
    newsletter = app.newsletter(slug)
    remember = newsletter.ranking.already_sent
    with app.database.reading() as tx:
        last = editions.last_sent(tx, slug, slot.at, 1)
        start = _window_start(as_of, window, newsletter.window, last)
        sent = editions.last_sent(tx, slug, slot.at, remember, reaching_into=start)
        found = articles.published_between(tx, start, as_of)
        if last:
            seen = editions.built_at(tx, last[0].id)
            found += articles.seen_late(tx, seen, start - window, start)
        readings = articles.readings_of(tx, [article.id for article in found], as_of)
        sponsors = placements.running(tx, slug, slot.on)
    apart = [a for a in found if a.hidden or a.sponsored or a.gone_at is not None]
    apart.sort(key=lambda article: article.key)
    kept_out = {article.id for article in apart}
    fit = [article for article in found if article.id not in kept_out]
    ranked = rank(fit, readings, newsletter.ranking, start, as_of, _told(sent))
    brief = Brief(slug, slot.on, slot.at, start, as_of)
    return compose(brief, newsletter, ranked, _used(sent), apart, sponsors, app.speech.say)


def _window_start(
    as_of: datetime, window: timedelta, least: timedelta, sent: list[Edition]
) -> datetime:
    """Return where the window starts: where the last sent edition's ended, if that is earlier.

    So nothing falls between after a skipped, held or missed slot; three windows at most.
    """
    start = as_of - window
    if sent and sent[0].window_end < start:
        start = max(sent[0].window_end, as_of - least * _WIDEST)
    return min(start, as_of - window)


def _told(sent: list[Edition]) -> list[Article]:
    return [
        article for e in sent for placed in e.stories for article in placed.ranked.story.articles
    ]


def _used(sent: list[Edition]) -> Used:
    by_article: dict[str, str] = {}
    for edition in reversed(sent):
        for placed in edition.stories:
            by_article |= {a.id: edition.key for a in placed.ranked.story.articles}
    return Used(by_article, {edition.key: edition.window_end for edition in sent})
