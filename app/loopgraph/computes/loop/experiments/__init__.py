"""Experiments: when they are looked at, what a look says, and what follows."""
