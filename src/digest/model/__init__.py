"""The words of this project, as frozen values and enums; no behaviour beyond plain properties."""

from digest.model.articles import (
    Article,
    Document,
    Feed,
    Image,
    Item,
    Reading,
)
from digest.model.editions import (
    Edition,
    Finding,
    Override,
    Placement,
    Rendered,
    Section,
)
from digest.model.people import (
    Delivery,
    Message,
    Numbers,
    Receipt,
    Subscriber,
    Subscription,
)
from digest.model.states import (
    DeliveryState,
    EditionState,
    FeedKind,
    Severity,
    SubscriptionState,
    SuppressionReason,
)
from digest.model.stories import (
    MICRO,
    LeftOut,
    Part,
    PlacedStory,
    RankedStory,
    Story,
)

__all__ = [
    "MICRO",
    "Article",
    "Delivery",
    "DeliveryState",
    "Document",
    "Edition",
    "EditionState",
    "Feed",
    "FeedKind",
    "Finding",
    "Image",
    "Item",
    "LeftOut",
    "Message",
    "Numbers",
    "Override",
    "Part",
    "PlacedStory",
    "Placement",
    "RankedStory",
    "Reading",
    "Receipt",
    "Rendered",
    "Section",
    "Severity",
    "Story",
    "Subscriber",
    "Subscription",
    "SubscriptionState",
    "SuppressionReason",
]
