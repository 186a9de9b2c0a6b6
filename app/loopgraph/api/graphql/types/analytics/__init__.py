"""Figures of what is used, how well it works, and how it develops."""
