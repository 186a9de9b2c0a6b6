"""What is counted of a trace, and what the counts show."""
