"""What the store does with its parts: pulls, commits, leases, collects, accounts."""
