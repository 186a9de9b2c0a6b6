"""Tokens, in the graph."""
