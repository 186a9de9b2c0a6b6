"""What processes have told of their commits: reads, and taking away what is old."""
