"""The doors for hook events of agent clients."""
