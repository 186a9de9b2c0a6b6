"""What users embed in their own programs. Imports nothing of the service."""
