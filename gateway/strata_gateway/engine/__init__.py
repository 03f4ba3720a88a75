"""The calls that need more than one service, made of calls to the others."""
