"""What of an event may be kept."""
