"""Transcripts that agent clients leave on disk, as observations: one reader per client."""
