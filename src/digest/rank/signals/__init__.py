"""The signals, in the order they are shown; a new one is one file and one line here."""

from digest.rank.signals.audience import AUDIENCE
from digest.rank.signals.base import Signal
from digest.rank.signals.clicks import CLICKS
from digest.rank.signals.coverage import COVERAGE
from digest.rank.signals.editor import EDITOR
from digest.rank.signals.freshness import FRESHNESS
from digest.rank.signals.priors import AUTHOR, CATEGORY, SOURCE
from digest.rank.signals.prominence import PROMINENCE
from digest.rank.signals.substance import SUBSTANCE

SIGNALS: tuple[Signal, ...] = (
    AUDIENCE,
    PROMINENCE,
    EDITOR,
    COVERAGE,
    SOURCE,
    AUTHOR,
    CATEGORY,
    CLICKS,
    SUBSTANCE,
    FRESHNESS,
)
