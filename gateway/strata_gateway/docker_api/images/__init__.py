"""Images, as docker speaks of them."""
