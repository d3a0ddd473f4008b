"""Collect and decompress an answer piece by piece, and stop before it grows too large."""

import zlib
from dataclasses import replace
from tempfile import SpooledTemporaryFile

from digest.errors import IngestError
from digest.ingest.limits import Limits
from digest.model import Document

_GZIP = b"\x1f\x8b"
_MEMBERS = 100  #: each copies what is left of the chunk
_STEP = 65_536  #: bytes inflated at a time
_RATIO_FROM = 1_000_000  #: raw bytes from which the ratio counts: short texts may repeat a lot


def unpacked(document: Document) -> Document:
    """Return a document that is a gzip file as what it holds, within the limits of a fetch."""
    if not document.content.startswith(_GZIP):
        return document
    body = Body("gzip", Limits())
    try:
        body.add(document.content)
        content = body.finish()
    finally:
        body.drop()
    path = document.path.removesuffix(".gz")
    return replace(document, content=content, content_type="", path=path)


class Body:
    """The body of one answer, decompressed while it arrives; a large one lies in a file.

    The limits cap compressed bytes, the bytes that come out, and one by the other.
    """

    def __init__(self, encoding: str, limits: Limits) -> None:
        self._inflater = _inflater(encoding)
        self._wire = limits.wire if self._inflater else limits.raw
        self._raw = limits.raw
        self._ratio = limits.ratio
        self._seen = 0
        self._kept = SpooledTemporaryFile(limits.large)  # noqa: SIM115 - see drop()
        self._size = 0
        self._members = 1
        self._bare = False

    def add(self, chunk: bytes) -> None:
        """Take the next bytes off the wire."""
        self._seen += len(chunk)
        if self._seen > self._wire:
            raise IngestError(f"sent more than {self._wire:,} bytes")
        if self._inflater is None:
            self._keep(chunk)
        else:
            self._inflate(chunk)

    @property
    def size(self) -> int:
        """Return how many bytes are kept."""
        return self._size

    def finish(self) -> bytes:
        """Return the whole body; a compressed one must have come to its end."""
        if self._inflater is not None and self._seen and not self._inflater.eof:
            raise IngestError("sent compressed data that breaks off")
        self._kept.seek(0)
        with self._kept as kept:
            return kept.read()

    def drop(self) -> None:
        """Let go of what was kept; many bodies grown in memory would leave it in pieces."""
        self._kept.close()

    def _inflate(self, chunk: bytes) -> None:
        while chunk and self._inflater is not None:
            if self._inflater.eof and not self._next_member(chunk):
                return
            try:
                self._keep(self._inflater.decompress(chunk, _STEP))
            except zlib.error as exc:
                self._try_bare(chunk, exc)
                continue
            chunk = self._inflater.unconsumed_tail or self._inflater.unused_data

    def _next_member(self, chunk: bytes) -> bool:
        """Start on a further gzip member; anything else after the end is padding."""
        if not chunk.startswith(_GZIP):
            return False
        self._members += 1
        if self._members > _MEMBERS:
            raise IngestError("sent compressed data in too many pieces")
        self._inflater = zlib.decompressobj(47)
        return True

    def _try_bare(self, chunk: bytes, exc: zlib.error) -> None:
        """Read bare deflate, which some servers send as "deflate" (RFC 9110, 8.4.1.2)."""
        if self._bare or len(chunk) != self._seen or chunk.startswith(_GZIP):
            raise IngestError("sent compressed data that is damaged") from exc
        self._bare = True
        self._inflater = zlib.decompressobj(-15)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._raw:
            raise IngestError(f"sent more than {self._raw:,} bytes once decompressed")
        if self._size > _RATIO_FROM and self._size > self._ratio * self._seen:
            raise IngestError(f"sent data that grows more than {self._ratio}-fold: not a feed")
        try:
            self._kept.write(piece)
        except OSError as exc:
            raise IngestError(f"is large, and no temporary file can hold it ({exc})") from exc


def _inflater(encoding: str) -> "zlib._Decompress | None":
    """Return what undoes `encoding`, None for none; 47 reads gzip and zlib by their heads."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return None
    if name in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(47)
    raise IngestError(f"sent {name!r} compression, which was not asked for")
