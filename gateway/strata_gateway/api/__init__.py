"""The engine API over gRPC: translates, decides nothing."""
