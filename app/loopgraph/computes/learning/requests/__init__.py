"""What a prompt asks for: its action, the words that tell it, and what sets it apart from others."""
