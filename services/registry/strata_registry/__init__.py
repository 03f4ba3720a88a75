"""Registry: the one service that talks to the network, and its cache."""
