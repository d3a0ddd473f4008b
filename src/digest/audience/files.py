"""Open a file of subscribers: its encoding, its delimiter, its format, and then its rows."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from digest.audience.exchange import format_of, generic
from digest.audience.exchange.base import Format
from digest.audience.exchange.generic import GENERIC
from digest.audience.exchange.plain_list import COLUMN, PLAIN_LIST
from digest.errors import BadFile

_SAMPLE, _CHUNK = 200_000, 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """A file of subscribers, ready to be read row by row."""

    format: Format
    encoding: str
    delimiter: str
    header: tuple[str, ...]  #: as it stands in the file; refused rows are written under it
    columns: tuple[str, ...]  #: what the format calls them
    stream: BinaryIO

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of rows; BadFile with the line at the first structural fault."""
        self.stream.seek(0)
        text = io.TextIOWrapper(self.stream, self.encoding, newline="")
        try:
            yield from _plain_rows(text) if self.format is PLAIN_LIST else self._cells(text)
        except UnicodeDecodeError as error:
            raise BadFile(_undecodable(self.stream, self.encoding)) from error
        finally:
            text.detach()

    def _cells(self, text: io.TextIOWrapper) -> Iterator[list[str]]:
        reader = _reader(text, self.delimiter, self.format.escape)
        width = len(self.header)
        begins = 1
        try:
            next(row for row in reader if row)
            begins = reader.line_num + 1
            for cells in reader:
                if len(cells) == width:
                    yield cells
                elif any(cells):
                    raise BadFile(
                        f"line {begins}: {len(cells)} cells where the header has {width}; "
                        "nothing was imported"
                    )
                begins = reader.line_num + 1
        except csv.Error as error:
            raise BadFile(f"line {begins}: {error}; nothing was imported") from error


def open_table(stream: BinaryIO, mapping: Mapping[str, str], encoding: str = "") -> Table:
    """Look at a file; `mapping` names the columns of fields. BadFile when it is no such file.

    Other tools write UTF-8, so only files of no tool are guessed at.
    """
    sure = encoding or _certain(stream)
    guess = sure or _guessed(stream)
    first, delimiter = _first_line(stream, guess)
    header = _header(stream, guess, delimiter)
    lower = [column.strip().lower() for column in header]
    found = GENERIC if mapping else format_of(lower)
    if found is None and "@" in first and len(header) == 1:
        return Table(PLAIN_LIST, guess, delimiter, (COLUMN,), (COLUMN,), stream)
    if found is None:
        raise BadFile(
            f"no column is known to hold addresses; the first line is {first[:80]!r}. "
            "Say which with --map email=COLUMN"
        )
    if found is not GENERIC and not sure:
        raise BadFile(_undecodable(stream, "utf-8"))
    columns = _columns(found, lower, dict(mapping))
    return Table(found, guess, delimiter, tuple(header), columns, stream)


def _columns(found: Format, lower: list[str], mapping: dict[str, str]) -> tuple[str, ...]:
    twice = {name for name in lower if lower.count(name) > 1}
    if found is not GENERIC:
        return tuple(lower)
    fields = generic.mapping(lower, mapping)
    missing = [given for given in mapping.values() if given.lower() not in lower]
    unknown = [field for field in mapping if field not in generic.NAMES]
    if missing or unknown:
        there = f"fields are {', '.join(generic.NAMES)}; columns are {', '.join(lower)}"
        raise BadFile(f"--map: there is no {', '.join(missing + unknown)}; {there}")
    if "email" not in fields.values() or twice & fields.keys():
        wrong = f"the column {min(twice)!r} is there twice" if twice else "no column of addresses"
        raise BadFile(f"{wrong}; say --map email=COLUMN")
    return tuple(fields.get(name, "") for name in lower)


def _certain(stream: BinaryIO) -> str:
    """Return the encoding a byte order mark states, or UTF-8 when every byte fits, else ""."""
    stream.seek(0)
    start = stream.read(4)
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return ""
    return "utf-8"


def _guessed(stream: BinaryIO) -> str:
    """Return the likeliest encoding of the lines that are not plain ASCII."""
    from charset_normalizer import from_bytes

    stream.seek(0)
    sample = b""
    for line in stream:
        if not line.isascii() and len(sample) < _SAMPLE:
            sample += line[:_SAMPLE]
    best = from_bytes(sample).best()
    if best is None:
        raise BadFile("the encoding is not known; say it with --encoding, e.g. cp1252")
    return best.encoding


def _first_line(stream: BinaryIO, encoding: str) -> tuple[str, str]:
    """Return the first line with something in it, and the delimiter it shows."""
    stream.seek(0)
    try:
        sample = io.TextIOWrapper(stream, encoding, newline="")
        try:
            text = sample.read(_SAMPLE)
        finally:
            sample.detach()
    except (UnicodeDecodeError, LookupError) as error:
        raise BadFile(f"it is no text in {encoding}: {error}") from error
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not line:
        raise BadFile("the file is empty")
    delimiter = max(_DELIMITERS, key=line.count)
    return line, delimiter


def _header(stream: BinaryIO, encoding: str, delimiter: str) -> list[str]:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding, newline="")
    try:
        return next((row for row in _reader(text, delimiter, None) if row), [])
    except csv.Error as error:
        raise BadFile(f"line 1: {error}; nothing was imported") from error
    finally:
        text.detach()


def _reader(text: io.TextIOWrapper, delimiter: str, escape: str | None) -> Any:
    return csv.reader(text, delimiter=delimiter, escapechar=escape, strict=True)


def _plain_rows(text: io.TextIOWrapper) -> Iterator[list[str]]:
    for line in text:
        if line.strip():
            yield [line.strip()]


def _undecodable(stream: BinaryIO, encoding: str) -> str:
    """Return which line is not text in this encoding."""
    stream.seek(0)
    for number, line in enumerate(stream, 1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            what = f"line {number}: not {encoding}: {error.reason}"
            return f"{what}; nothing was imported. Another encoding can be said with --encoding"
    return f"not {encoding}; nothing was imported"
