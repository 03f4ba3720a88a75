"""Containers as values: what was asked for, what came of it, and what may happen next."""
