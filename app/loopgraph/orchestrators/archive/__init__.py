"""Retention: what goes, what comes back, and when."""
