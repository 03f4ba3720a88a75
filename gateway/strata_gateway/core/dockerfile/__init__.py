"""Dockerfiles: their grammar, their variables, and what each instruction does to an image's config.

Source: the Dockerfile reference (docs.docker.com/reference/dockerfile) and moby/buildkit, frontend/dockerfile.
"""
