"""Constraints, indexes and the version of what is stored."""
