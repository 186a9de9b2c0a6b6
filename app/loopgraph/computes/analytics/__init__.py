"""What analytics decide by figures alone."""
