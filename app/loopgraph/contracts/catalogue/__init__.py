"""What the graph holds: labels and types, their properties, and what connects what; for those who read the graph itself."""
