"""Types of traces."""
