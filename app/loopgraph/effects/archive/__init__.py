"""What leaves the graph for the archive, and comes back."""
