"""The store (SQLite) and what is shipped: messages, product groups, vehicles, help."""
