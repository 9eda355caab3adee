"""The store: one SQLite file that may be deleted, and one of records that nothing deletes."""

from workshop_console.data.store.opening import Store, open_store

__all__ = ["Store", "open_store"]
