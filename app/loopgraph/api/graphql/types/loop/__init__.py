"""Types of the improvement loop."""
