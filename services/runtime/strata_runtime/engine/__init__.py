"""What is done with containers: each module one use, on top of the adapters."""
