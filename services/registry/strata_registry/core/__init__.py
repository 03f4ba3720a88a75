"""Decisions of the registry service: pure functions over headers, documents and figures."""
