"""Repositories that live here: what clients push to the service itself."""
