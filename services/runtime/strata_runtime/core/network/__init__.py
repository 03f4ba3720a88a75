"""Networks as values: addresses, published ports, rule sets and name files, without touching the kernel."""
