"""Proposals, assignment and the statistics of experiments."""
