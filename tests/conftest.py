"""Fixtures shared by all tests."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --golden: rewrite expected files."""
    parser.addoption("--golden", action="store_true", help="rewrite expected files")


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
