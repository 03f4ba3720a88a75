"""Start, watch and stop the whole suite on one host."""
