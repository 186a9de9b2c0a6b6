"""The Bolt client of every engine, and what it makes of values, instants, errors and commits."""
