"""Decisions and formats, as pure functions over values."""
