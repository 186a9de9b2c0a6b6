"""Counting what happens, answering from what was counted, and measures of records that no count holds."""
