"""From every door to the graph, and to those who follow it."""
