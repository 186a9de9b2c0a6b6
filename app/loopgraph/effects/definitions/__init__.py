"""Files of definitions on this machine: where people keep them, and what is in them."""
