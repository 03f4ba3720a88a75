"""The only door to Strata: the engine API, its fronts, and the suite that runs it all."""
