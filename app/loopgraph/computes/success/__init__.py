"""Whether executions of patterns succeeded: the criteria, and what tells them."""
