"""``loopgraph learning …``: what was learned from traces."""
