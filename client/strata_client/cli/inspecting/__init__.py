"""Containers and images in the shape in which docker's ``inspect`` shows them, so that scripts go on working."""
