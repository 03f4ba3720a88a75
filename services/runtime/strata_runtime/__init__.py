"""Runtime: everything that changes, containers, networks and volumes."""
