"""How two arms compare: an effect and its standard error, a method to a file."""
