"""Build images from Dockerfiles: a pure understanding of the file, carried out by the store and the runtime."""
