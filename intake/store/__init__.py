"""Storage: one database, SQLite in a file or PostgreSQL, the same statements for both."""

from intake.store.engine import Store, Transaction

__all__ = ["Store", "Transaction"]
