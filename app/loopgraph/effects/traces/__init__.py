"""Traces, sessions and all they hold, in the graph."""
