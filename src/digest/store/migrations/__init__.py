"""Alembic migrations, forward only, run from the package without an ini file."""

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from digest.store import tables

SEARCH = "article_words"  #: what searches articles: each database has its own, no row class
_LOCK = 0x6469676573  #: PostgreSQL advisory lock "diges": one upgrade at a time


def upgrade(engine: Engine) -> None:
    """Run all missing migrations in one transaction; a failing one leaves nothing behind."""
    with engine.connect() as connection:
        postgres = connection.dialect.name == "postgresql"
        if not postgres:  # a table made anew is dropped first: what refers to it must stay
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            connection.detach()  # closed after this, not used again
        with connection.begin():
            if postgres:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def head() -> str:
    """Return the newest revision."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def drift(connection: Connection) -> list[Any]:
    """Return the differences between the tables in code and in the database."""
    metadata = tables.ArticleRow.metadata
    options = {"include_name": lambda name, *_: not str(name).startswith(SEARCH)}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "digest.store:migrations")
    return config
