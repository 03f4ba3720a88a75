"""The store's I/O: content root, database, threads, the registry service."""
