"""Counting what happens, and answering from what was counted."""
