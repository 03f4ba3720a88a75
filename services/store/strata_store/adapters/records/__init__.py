"""The store's records in SQLite: small functions of a connection, each a part of one transaction."""
