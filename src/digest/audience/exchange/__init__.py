"""The files of other tools: one file for each format, known by its header."""

from collections.abc import Collection

from digest.audience.exchange.base import Format
from digest.audience.exchange.beehiiv import BEEHIIV
from digest.audience.exchange.buttondown import BUTTONDOWN
from digest.audience.exchange.generic import GENERIC
from digest.audience.exchange.ghost import GHOST
from digest.audience.exchange.keila import KEILA
from digest.audience.exchange.listmonk import LISTMONK
from digest.audience.exchange.mailchimp import MAILCHIMP
from digest.audience.exchange.mailpoet import MAILPOET
from digest.audience.exchange.mailtrain import MAILTRAIN
from digest.audience.exchange.plain_list import PLAIN_LIST
from digest.audience.exchange.substack import SUBSTACK
from digest.audience.exchange.wordpress import WORDPRESS

#: The first whose header is there wins; the last two are chosen otherwise.
FORMATS: tuple[Format, ...] = (
    BUTTONDOWN,
    MAILCHIMP,
    MAILPOET,
    MAILTRAIN,
    KEILA,
    BEEHIIV,
    GHOST,
    SUBSTACK,
    WORDPRESS,
    LISTMONK,
    GENERIC,
    PLAIN_LIST,
)


def format_of(columns: Collection[str]) -> Format | None:
    """Return the format a header, in lower case, belongs to."""
    there = frozenset(columns)
    return next((f for f in FORMATS if any(wanted <= there for wanted in f.signatures)), None)
