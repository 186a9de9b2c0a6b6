"""Statistics of one series of counts or values per hour, day or week."""
