"""Which versions uses of patterns are of."""
