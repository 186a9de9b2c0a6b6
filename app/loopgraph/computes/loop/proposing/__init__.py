"""Proposals: where they come from, how risky they are, and how they become changes of files."""
