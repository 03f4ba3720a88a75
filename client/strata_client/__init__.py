"""Client library and the `strata` command."""
