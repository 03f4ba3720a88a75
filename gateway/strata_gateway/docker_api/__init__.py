"""The Docker Engine API: a translation of the engine API for the clients people have."""
