"""Fixtures of the fault tests: a counting server, outlets on both databases, figures, seeds."""

import json
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from digest.pipeline import drain
from tests.conftest import _run, _with_name
from tests.faults import outlet
from tests.faults.outlet import Outlet
from tests.faults.sender import end_all
from tests.faults.sink import Sink, running

ALL = bool(os.environ.get("DIGEST_TEST_FAULTS"))  #: every point and all seeds
FULL = os.environ.get("DIGEST_TEST_FAULTS") == "full"  #: nothing thinned out
MakeOutlet = Callable[..., Outlet]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test marked `seeds(quick, all, full)` its seeds; --seed replays one."""
    marker = metafunc.definition.get_closest_marker("seeds")
    if marker is None:
        return
    given = metafunc.config.getoption("--seed")
    count = marker.args[2 if FULL else 1 if ALL else 0]
    seeds = range(count) if given is None else [given]
    metafunc.parametrize("seed", seeds)


@pytest.fixture(scope="session")
def _sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def sink(_sink: Sink) -> Sink:
    """Return the counting server, which has forgotten all that was."""
    _sink.forget()
    _sink.keep = _sink.pipelining = True
    _sink.wire = False
    return _sink


@pytest.fixture(autouse=True)
def _no_sender_left() -> Iterator[None]:
    """End what a failed test has started."""
    yield
    end_all()


@pytest.fixture(scope="session")
def sqlite_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an outlet to copy."""
    folder = tmp_path_factory.mktemp("original")
    outlet.template(folder, "sqlite:///digest.db")
    return folder


@contextmanager
def postgresql_original(folder: Path, server: str) -> Iterator[tuple[Path, str]]:
    """Make an outlet to copy in a database of its own; give its folder and the database's name."""
    name = f"digest_{uuid4().hex[:12]}"
    folder.mkdir(exist_ok=True)
    _run(server, f"CREATE DATABASE {name}")
    outlet.template(folder, _with_name(server, name))
    yield folder, name
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def clone_on_postgresql(
    original: tuple[Path, str], server: str, folder: Path
) -> Iterator[MakeOutlet]:
    """Give a function that makes outlets like the original."""
    with ExitStack() as stack:

        def make(**given: Any) -> Outlet:
            name = f"digest_{uuid4().hex[:12]}"
            _run(server, f"CREATE DATABASE {name} TEMPLATE {original[1]}")
            stack.callback(_run, server, f"DROP DATABASE {name} WITH (FORCE)")
            url = _with_name(server, name)
            made = outlet.clone(original[0], folder / name, url, given.pop("port"), **given)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture(scope="session")
def postgres_original(
    tmp_path_factory: pytest.TempPathFactory, postgres: str
) -> Iterator[tuple[Path, str]]:
    """Return the folder of an outlet to copy, and the name of its database."""
    with postgresql_original(tmp_path_factory.mktemp("original"), postgres) as original:
        yield original


@pytest.fixture
def on_sqlite(sqlite_original: Path, tmp_path: Path, sink: Sink) -> Iterator[MakeOutlet]:
    """Return a function that makes outlets on SQLite."""
    with ExitStack() as stack:

        def make(**given: Any) -> Outlet:
            folder = tmp_path / f"outlet-{uuid4().hex[:6]}"
            folder.mkdir()
            (folder / "digest.db").write_bytes((sqlite_original / "digest.db").read_bytes())
            port = given.pop("port", sink.port)
            made = outlet.clone(sqlite_original, folder, "sqlite:///digest.db", port, **given)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def on_postgresql(
    postgres: str, postgres_original: tuple[Path, str], tmp_path: Path, sink: Sink
) -> Iterator[MakeOutlet]:
    """Return a function that makes outlets on PostgreSQL."""
    with clone_on_postgresql(postgres_original, postgres, tmp_path) as make:
        yield lambda **given: make(**({"port": sink.port} | given))


@pytest.fixture
def beside_sqlite(on_sqlite: MakeOutlet, monkeypatch: pytest.MonkeyPatch) -> MakeOutlet:
    """Return a function that makes outlets whose few readers are sent to as if they were many."""
    monkeypatch.setattr(drain, "_MANY", -1)

    def make(**given: Any) -> Outlet:
        made = on_sqlite(**given)
        (made.folder / "many").touch()
        return made

    return make


@pytest.fixture(params=["on_sqlite", "on_postgresql", "beside_sqlite"])
def make_outlet(request: pytest.FixtureRequest) -> MakeOutlet:
    """Return a function that makes outlets: each test runs on both kinds of database."""
    made: MakeOutlet = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that notes what a run gave, for docs/faults.md."""
    path = os.environ.get("DIGEST_TEST_FIGURES", "")
    name = request.node.originalname
    call = getattr(request.node, "callspec", None)
    params = dict(call.params) if call else {}

    def note(number: str, **found: Any) -> None:
        line = {"number": number, "test": name, "params": params, "found": found}
        if path:
            with Path(path).open("a") as file:
                file.write(json.dumps(line, default=str) + "\n")

    return note


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long ones out of the quick part; they are not skipped, they are not part of it."""
    long = [item for item in items if item.get_closest_marker("thorough")]
    if long and not ALL:
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how each test ended, for docs/faults.md."""
    report = yield
    path = os.environ.get("DIGEST_TEST_FIGURES", "")
    expected = hasattr(report, "wasxfail")
    if path and (report.when == "call" or report.failed):
        outcome = "expected to fail" if expected else report.outcome
        line = {"test": item.name, "outcome": outcome, "seconds": round(report.duration, 2)}
        with Path(path).open("a") as file:
            file.write(json.dumps(line) + "\n")
    return report
