"""Definitions of skills, commands, subagents and memory: what is what, and which text is which."""
