"""Disk, kernel and other services, behind interfaces the core knows."""
