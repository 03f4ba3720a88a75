"""The registry service towards its clients: gRPC and the OCI distribution API. Translates, decides nothing."""
