"""Learned patterns in the graph: what traces taught, and the rounds in which that is written."""
