"""The OCI bundle of a container: pure functions from what is known to a runtime-spec config."""
