"""Containers, as docker speaks of them."""
