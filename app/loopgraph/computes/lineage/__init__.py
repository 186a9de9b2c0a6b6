"""Graph algorithms on versions, and lineage from a git history."""
