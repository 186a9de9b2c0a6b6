"""What is measured of patterns, agents and errors."""
