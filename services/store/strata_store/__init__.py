"""Store: everything immutable, blobs, layers and images."""
