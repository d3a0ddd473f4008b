"""The signals, in the order they are shown; a new one is one file and one line here."""

from digest.rank.signals.audience import AUDIENCE
from digest.rank.signals.base import Signal
from digest.rank.signals.coverage import COVERAGE
from digest.rank.signals.editor import EDITOR
from digest.rank.signals.freshness import FRESHNESS
from digest.rank.signals.substance import SUBSTANCE

SIGNALS: tuple[Signal, ...] = (AUDIENCE, EDITOR, COVERAGE, SUBSTANCE, FRESHNESS)
