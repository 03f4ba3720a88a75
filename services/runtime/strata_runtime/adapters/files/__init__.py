"""Files of containers: what changed, archives of them, copies in and out."""
