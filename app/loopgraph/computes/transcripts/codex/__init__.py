"""Rollouts of Codex as observations."""
