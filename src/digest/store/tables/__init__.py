"""All tables, one file per noun; no module elsewhere defines one."""

from digest.store.tables.access import ApiAnswerRow, ApiKeyRow, AskRow
from digest.store.tables.admins import ActionRow, AdminRow, GuessRow, SessionRow
from digest.store.tables.articles import ArticleRow, HeadlineRow, ReadingRow
from digest.store.tables.editions import EditionRow, NewsletterRow, VariantRow
from digest.store.tables.feeds import FeedRow
from digest.store.tables.instance import InstanceRow
from digest.store.tables.notices import NoticeRow
from digest.store.tables.outbox import DeliveryRow
from digest.store.tables.overrides import OverrideRow
from digest.store.tables.placements import PlacementRow
from digest.store.tables.subscribers import (
    ConsentEventRow,
    ImportChangeRow,
    ImportRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)

__all__ = [
    "ActionRow",
    "AdminRow",
    "ApiAnswerRow",
    "ApiKeyRow",
    "ArticleRow",
    "AskRow",
    "ConsentEventRow",
    "DeliveryRow",
    "EditionRow",
    "FeedRow",
    "GuessRow",
    "HeadlineRow",
    "ImportChangeRow",
    "ImportRow",
    "InstanceRow",
    "NewsletterRow",
    "NoticeRow",
    "OverrideRow",
    "PlacementRow",
    "ReadingRow",
    "SessionRow",
    "SubscriberRow",
    "SubscriptionRow",
    "SuppressionRow",
    "VariantRow",
]
