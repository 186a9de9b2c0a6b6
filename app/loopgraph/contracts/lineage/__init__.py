"""Patterns and their lineage: versions, edges, changes, the files that define them, and the repositories that hold these."""
