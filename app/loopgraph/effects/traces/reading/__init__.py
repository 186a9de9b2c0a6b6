"""Reads traces and what belongs to them, for whoever may see it."""
