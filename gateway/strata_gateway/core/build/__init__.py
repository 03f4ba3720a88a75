"""Building images: stages, what copies copy, what a cache entry stands for."""
