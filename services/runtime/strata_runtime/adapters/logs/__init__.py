"""Logs of containers, as the launcher writes them."""
