"""The OCI specifications as values: references, digests, descriptors, manifests, configs, platforms, chain ids."""
