"""What people should know of editions, in words."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from types import MappingProxyType

from digest import rhythm
from digest.app import App
from digest.model import Past
from digest.pipeline.approval import approval_words
from digest.pipeline.edit import find_edition
from digest.rhythm import Fact
from digest.store import outbox, schedule
from digest.store.notices import Notice

_TOGETHER = ("missed", "skipped")  #: told of all at once
_SENT = "`digest deliveries list {key}` names each."
_WORDS = MappingProxyType(
    {
        "held": (
            "is held",
            "{reason}. `digest preview {key}` shows it, `digest send {key}` sends it all the same.",
        ),
        "missed": ("was missed", "The program was not running at that time ({reason})."),
        "skipped": ("was skipped", "{reason}"),
        "paused": ("is paused", "{reason}. Mend it, then run `digest editions resume {key}`."),
        "uncertain": ("has deliveries in doubt", "{uncertain} answers were lost. " + _SENT),
        "failed": ("did not reach everyone", "{failed} of {frozen} were refused. " + _SENT),
        "unfinished": ("is not finished in time", "{open} of {frozen} wait. " + _SENT),
    }
)


def known(app: App) -> dict[str, Past]:
    """Return what the clock knows of every newsletter, in one query."""
    recent = (app.now() - rhythm.KNOWN).date()
    with app.database.reading() as tx:
        return schedule.past(tx, recent)


def notices_of(app: App, found: Sequence[Fact]) -> list[Notice]:
    """Return what people are told; what was missed or skipped at a time is told at once."""
    notices: list[Notice] = []
    for _, same in groupby(found, key=lambda fact: (fact.edition.newsletter, fact.word)):
        facts = list(same)
        apart = facts[0].word not in _TOGETHER
        notices += [_notice(app, fact) for fact in facts] if apart else _together(app, facts)
    return notices


def _together(app: App, facts: Sequence[Fact]) -> list[Notice]:
    """Return one notice of the newest that names the others; theirs say nothing."""
    *others, newest = facts
    said = _notice(app, newest)
    more = f"\n\nSo were {', '.join(f.edition.key for f in others)}." if others else ""
    quiet = [Notice(f.edition.key, f.name, "", "") for f in others]
    return [*quiet, Notice(said.about, said.fact, said.line, said.text + more)]


def _notice(app: App, fact: Fact) -> Notice:
    e = fact.edition
    if fact.word == "draft":
        text, html = approval_words(app, find_edition(app, str(e.id)))
        return Notice(e.key, fact.name, f"{e.key} is ready to be approved", text, html)
    with app.database.reading() as tx:
        numbers = outbox.numbers(tx, e.id)
    line, text = _WORDS[fact.word]
    text = text.format(key=e.key, reason=e.reason, **asdict(numbers))
    return Notice(e.key, fact.name, f"{e.key} {line}", text)
