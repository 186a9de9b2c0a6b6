"""Learned patterns: how they come about, how they are found again, and what becomes of the plans that are handed out."""
