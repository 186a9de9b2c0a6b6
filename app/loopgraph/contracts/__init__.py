"""Frozen models and enums: what the rooms hand each other. No I/O, no clock, no random ids."""
