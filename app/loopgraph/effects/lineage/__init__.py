"""Patterns, versions, edges and audit events in the graph."""
