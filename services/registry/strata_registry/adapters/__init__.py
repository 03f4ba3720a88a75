"""The registry service towards the world: upstream registries, credential stores, the disk."""
