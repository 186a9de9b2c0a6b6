"""Where reports belong that do not name their prompt, their call, or their session: drawn from order, time and content."""
