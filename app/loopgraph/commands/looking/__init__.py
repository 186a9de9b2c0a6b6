"""Commands that look at what a running service has recorded, and at the service itself."""
