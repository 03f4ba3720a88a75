"""Pull-through: answers from the cache where they will do, and from upstream where they will not."""
