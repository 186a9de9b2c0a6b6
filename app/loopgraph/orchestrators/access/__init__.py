"""Who shows a token."""
