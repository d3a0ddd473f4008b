"""Fixtures shared by all tests."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --golden, which writes what came out where the expected output is kept."""
    parser.addoption("--golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares a text with a golden file, or writes it with --golden."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert path.read_text("utf-8") == text, f"{name} differs; --golden writes it anew"

    return compare


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], Path]:
    """Return a function from a corpus's folder name to its path; skips where it is not here."""

    def find(name: str) -> Path:
        root = os.environ.get("DIGEST_TEST_DATA", "")
        if not root:
            pytest.skip(f"the corpus {name} is not here: set DIGEST_TEST_DATA to its parent folder")
        folder = Path(root) / name
        if not folder.is_dir():
            pytest.fail(f"DIGEST_TEST_DATA is set but {folder} is missing")
        return folder

    return find
