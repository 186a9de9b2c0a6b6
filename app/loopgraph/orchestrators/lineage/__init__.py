"""Traversals, and the import of histories."""
