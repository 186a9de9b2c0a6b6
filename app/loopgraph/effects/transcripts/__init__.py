"""Transcripts of agent clients, as files, and how far each has been read."""
