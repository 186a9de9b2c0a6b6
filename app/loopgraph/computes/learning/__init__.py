"""What traces teach: how one went, how several went, and what of that is a plan."""
