"""What a source is: the code that understands one format."""

from dataclasses import dataclass
from typing import Protocol

from digest.model import Document, Item


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document held, as it came."""

    title: str = ""  #: of the feed
    language: str = ""
    items: tuple[Item, ...] = ()
    refused: tuple[str, ...] = ()  #: why rows were left out, one sentence each


class Source(Protocol):
    """Understands one format: no network, no files, no error but IngestError."""

    @property
    def name(self) -> str:
        """Return the word people know the format by."""

    def accepts(self, document: Document) -> bool:
        """Say, by a look at its bytes, whether a document is in this format."""

    def parse(self, document: Document) -> Parsed:
        """Read the items of a document that was accepted."""
