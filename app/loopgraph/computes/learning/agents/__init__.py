"""Which agent a request should go to, and what another policy would have come to."""
