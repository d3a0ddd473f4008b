"""Everything that knows SQL: the database, its tables, and one module of queries per noun."""

from digest.store.database import Database, Transaction

__all__ = ["Database", "Transaction"]
