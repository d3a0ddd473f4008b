"""A subscriber's way in and out: one person at a time, or a whole file."""

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
    suppress_address,
    unsubscribe,
    unsuppress_address,
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
    "Imported",
    "Wanted",
    "add_subscriber",
    "categories_of",
    "change_address",
    "confirm",
    "confirm_by_hand",
    "edit_subscriber",
    "end_subscription",
    "erase_subscriber",
    "export_people",
    "find_subscriber",
    "forget_unconfirmed",
    "import_file",
    "imports",
    "person_shape",
    "prefer",
    "reading_filter",
    "subscription_for",
    "suppress_address",
    "title_of",
    "undo_import",
    "unsubscribe",
    "unsuppress_address",
]
