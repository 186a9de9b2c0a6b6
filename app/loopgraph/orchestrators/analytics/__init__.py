"""The order of steps of analytics."""
