"""The demo client: real work, measured and reported through the public API. Imports nothing of the service."""
