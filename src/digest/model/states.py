"""The states things go through, and other plain words."""

from enum import StrEnum


class FeedKind(StrEnum):
    """What a feed's address holds."""

    ARTICLES = "articles"
    FRONT_PAGE = "front page"


class EditionState(StrEnum):
    """Where an edition stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    FILLING = "filling"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    HELD = "held"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    MISSED = "missed"


#: Approved and not at their end.
GOING = (
    EditionState.APPROVED,
    EditionState.FILLING,
    EditionState.SENDING,
    EditionState.PAUSED,
)


class DeliveryState(StrEnum):
    """Where one edition for one subscriber stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    HANDED = "handed"
    DEFERRED = "deferred"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class SubscriptionState(StrEnum):
    """How far a person's consent to one newsletter has come."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class SuppressionReason(StrEnum):
    """Why an address must not be mailed."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ASKED = "asked"
    ADMIN = "admin"


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"
