"""Transcripts of Claude Code, as observations. ``reader`` is the way in."""
