"""What is counted of a trace, what the counts show, and what records show that no count does."""
