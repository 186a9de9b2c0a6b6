"""Types of learned patterns."""
