"""A bare list: one address on each line, also as `Name <address>`; no header."""

from digest.audience.exchange.base import Format, Row, full_name
from digest.model import Incoming

COLUMN = "address"  #: the only column, named by us


def read(row: Row) -> Incoming:
    """Return the address of a line."""
    text = row[COLUMN]
    if text.endswith(">"):
        name, _, email = text[:-1].rpartition("<")
        return Incoming(email.strip(), full_name(name.strip().strip('"')))
    return Incoming(text)


PLAIN_LIST = Format("a list of addresses", (), read)
