"""Puts an agent client's hooks into its settings, and takes them out again."""
