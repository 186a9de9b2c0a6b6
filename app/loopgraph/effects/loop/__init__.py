"""Feedback runs, improvements, experiments and decisions in the graph."""
