"""A subscriber's way in and out: one person at a time, or a whole file."""

from digest.membership.asking import Answered, answer_asks, is_busy, keep_ask
from digest.membership.files import Imported, Wanted, import_file, imports, undo_import
from digest.membership.joining import (
    Added,
    add_subscriber,
    change_address,
    confirm,
    confirm_by_hand,
    subscription_for,
    title_of,
)
from digest.membership.leaving import (
    end_subscription,
    erase_subscriber,
    forget_unconfirmed,
    may_undo,
    suppress_address,
    undo_unsubscribe,
    unsubscribe,
    unsubscribe_all,
    unsuppress_address,
)
from digest.membership.managing import (
    Visited,
    erase_by_link,
    open_link,
    save_preferences,
)
from digest.membership.people import (
    categories_of,
    edit_subscriber,
    find_subscriber,
    prefer,
    reading_filter,
)
from digest.membership.takeout import export_people, person_shape

__all__ = [
    "Added",
    "Answered",
    "Imported",
    "Visited",
    "Wanted",
    "add_subscriber",
    "answer_asks",
    "categories_of",
    "change_address",
    "confirm",
    "confirm_by_hand",
    "edit_subscriber",
    "end_subscription",
    "erase_by_link",
    "erase_subscriber",
    "export_people",
    "find_subscriber",
    "forget_unconfirmed",
    "import_file",
    "imports",
    "is_busy",
    "keep_ask",
    "may_undo",
    "open_link",
    "person_shape",
    "prefer",
    "reading_filter",
    "save_preferences",
    "subscription_for",
    "suppress_address",
    "title_of",
    "undo_import",
    "undo_unsubscribe",
    "unsubscribe",
    "unsubscribe_all",
    "unsuppress_address",
]
