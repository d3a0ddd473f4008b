"""The house: who imports whom, one home for each library, small files, everything registered."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import digest

ROOT = Path(digest.__file__).parent
#: A module imports only from lower rows, never from a neighbour in its own row.
ROWS = (
    ("errors", "slots", "logs", "__init__"),
    ("model", "text", "settings", "language", "child"),
    ("ingest rank compose render preflight deliver audience store shapes explain rhythm".split()),
    ("app",),
    ("pipeline", "membership", "notices"),
    ("scheduler", "web", "demo"),
    ("cli",),
    ("__main__",),
)
#: A row may look sideways here, with its reason.
ALLOWED_SIDEWAYS = {
    ("settings", "slots"): "a lower row",
    ("web", "scheduler"): "web/serve.py starts the whole process: pages, schedule and sender",
}
#: One library, one home.
HOMES = {
    "sqlalchemy": ("store",),
    "sqlmodel": ("store",),
    "alembic": ("store",),
    "mjml": ("render",),
    "feedparser": ("ingest/sources",),
    "trafilatura": ("ingest/sources",),
    "protego": ("ingest/robots.py",),
    "httpx2": ("ingest/http.py", "notices/channels.py"),
    "httpcore2": ("ingest/http.py",),
    "botocore": ("deliver/transports/ses.py",),
    "cryptography": ("deliver/keys.py",),
    "smtplib": ("deliver/smtp/dial.py",),
    "apscheduler": ("scheduler.py", "web/serve.py"),
    "fastapi": ("web",),
    "starlette": ("web",),
    "uvicorn": ("web",),
    "typer": ("cli",),
    "rich": ("cli",),
    "jinja2": ("render", "web"),
    "email_validator": ("audience",),
    "charset_normalizer": ("audience/files.py",),
    "icalendar": ("pipeline/calendar.py",),
    "dns": ("preflight/dns.py",),
    "watchfiles": ("web",),
    "babel": ("language.py",),
    "prometheus_client": ("web/metrics.py",),
    "PIL": ("demo", "ingest/shrink.py", "pipeline/shots.py"),
}
PARTS = {
    "rank/signals": {"base"},
    "ingest/sources": {"base"},
    "preflight/rules": {"base"},
    "deliver/transports": {"base"},
    "audience/exchange": {"base"},
}
FILES = sorted(p for p in ROOT.rglob("*.py") if "versions" not in p.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def top(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def row(name: str) -> int:
    return next(number for number, names in enumerate(ROWS) if name in names)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if node.module == "digest" else node.module


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_imports_only_from_lower_rows(path: Path) -> None:
    mine = top(path)
    for module in imported(path):
        parts = module.split(".")
        if parts[0] != "digest" or len(parts) == 1:
            continue
        theirs = parts[1] if parts[1] != "__version__" else "__init__"
        if theirs == mine or (mine, theirs) in ALLOWED_SIDEWAYS:
            continue
        assert row(theirs) < row(mine), f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_library_has_one_home(path: Path) -> None:
    for module in imported(path):
        homes = HOMES.get(module.split(".")[0])
        at_home = homes is None or any(name_of(path).startswith(home) for home in homes)
        assert at_home, f"{name_of(path)} imports {module}, whose home is {homes}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{name_of(path)} has no docstring"
    assert text.count("\n") <= 300, f"{name_of(path)} has {text.count(chr(10))} lines"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_function_is_long(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 40, f"{name_of(path)}: {node.name} has {length} lines"


@pytest.mark.parametrize("folder", PARTS)
def test_every_part_is_in_its_table(folder: str) -> None:
    package = "digest." + folder.replace("/", ".")
    tree = ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            known |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    for path in (ROOT / folder).glob("*.py"):
        if path.stem not in {"__init__"} | PARTS[folder] and not path.stem.startswith("_"):
            assert f"{package}.{path.stem}" in known, f"{name_of(path)} is not registered"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_below_the_app_reads_the_clock_or_chance(path: Path) -> None:
    if row(top(path)) >= row("app"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
            owner = getattr(node.value, "id", "")
            assert owner not in {"datetime", "date"}, f"{name_of(path)}:{node.lineno}"
        if isinstance(node, ast.Import):
            assert not {a.name for a in node.names} & {"random", "secrets"}, name_of(path)


def test_rows_stay_in_the_store() -> None:
    for path in FILES:
        if top(path) != "store":
            assert not any(m.startswith("digest.store.tables") for m in imported(path))


def test_the_table_of_rows_knows_every_module() -> None:
    known = {name for names in ROWS for name in names}
    found = {top(path) for path in FILES}
    assert found <= known
