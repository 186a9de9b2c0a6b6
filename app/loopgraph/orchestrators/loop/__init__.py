"""The improvement loop and its worker."""
