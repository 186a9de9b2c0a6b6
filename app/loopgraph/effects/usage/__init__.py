"""Buckets of usage: what is marked as changed, what is counted of it, and the buckets themselves."""
