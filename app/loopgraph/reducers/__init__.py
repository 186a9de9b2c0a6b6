"""Pure aggregation: rows in, metrics out. No I/O, no clock, no decisions."""
