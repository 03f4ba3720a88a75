"""``strata doctor``: facts of the host are read in one place, and judged as values in another."""
