"""Decisions and formats of the gateway, without any I/O."""
