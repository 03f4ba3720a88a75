"""Mounts: layers once per host, one overlay per container."""
