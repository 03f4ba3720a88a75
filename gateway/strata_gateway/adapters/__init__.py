"""The other services, as seen from the gateway."""
