"""Storage: one database, SQLite in a file or PostgreSQL, the same statements for both."""

from intake.store.engine import Store, Transaction, after_commit

__all__ = ["Store", "Transaction", "after_commit"]
