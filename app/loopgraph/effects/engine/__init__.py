"""The embedded engine: its process, its folder, and what guards both."""
