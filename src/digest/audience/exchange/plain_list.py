"""A bare list: one address on each line, also as `Name <address>`; no header."""

from digest.audience.exchange import base
from digest.model import Incoming

COLUMN = "address"  #: the only column, named by us


def read(row: base.Row) -> Incoming:
    """Return the address of a line."""
    text = row[COLUMN]
    if text.endswith(">"):
        name, _, email = text[:-1].rpartition("<")
        return Incoming(email.strip(), base.full_name(name.strip().strip('"')))
    return Incoming(text)


PLAIN_LIST = base.Format("a list of addresses", (), read)
