"""Each source's golden pairs: a document beside what it gives."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from digest.errors import IngestError
from digest.ingest import read
from digest.ingest.sources import SOURCES
from digest.model import Document
from tests.make import NOW

GOLDEN = Path(__file__).parent.parent / "golden" / "ingest"
INPUTS = sorted(GOLDEN.glob("*/*.in"))


def shown(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: shown(found) for name, found in pairs if found}
    if isinstance(value, tuple):
        return [shown(part) for part in value]
    if isinstance(value, dict):
        return {key: shown(part) for key, part in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_document_gives_what_it_gave(path: Path, request: pytest.FixtureRequest) -> None:
    name = f"saved/{path.stem}"
    try:
        found = shown(
            read(
                Document(name, path.read_bytes(), path=name),
                site_url="https://news.example",
                now=NOW,
            )
        )
    except IngestError as exc:
        found = {"error": str(exc)}
    expected = path.with_name(path.stem + ".expected.json")
    written = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if request.config.getoption("golden"):
        expected.write_text(written, encoding="utf-8")
    assert written == expected.read_text(encoding="utf-8")


def test_each_source_has_a_golden_pair_and_claims_its_own_documents() -> None:
    folders = {type(source).__module__.rpartition(".")[2]: source for source in SOURCES}
    assert {path.parent.name for path in INPUTS} == set(folders)
    for path in INPUTS:
        name = f"saved/{path.stem}"
        document = Document(name, path.read_bytes(), path=name)
        first = next(source for source in SOURCES if source.accepts(document))
        assert first is folders[path.parent.name], path


def test_each_file_of_the_sources_folder_is_registered() -> None:
    import digest.ingest.sources as package

    files = {path.stem for path in Path(package.__path__[0]).glob("*.py")} - {"__init__", "base"}
    assert files == {type(source).__module__.rpartition(".")[2] for source in SOURCES}
    assert len({source.name for source in SOURCES}) == len(SOURCES)
