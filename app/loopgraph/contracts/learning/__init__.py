"""Learned patterns: what traces teach, how prompts are matched to it, and the plan that is handed back."""
