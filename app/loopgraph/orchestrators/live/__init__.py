"""What is told to those who follow, whichever process committed it."""
