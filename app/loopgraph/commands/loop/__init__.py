"""``loopgraph loop …``: runs of the improvement loop, for people and for CI."""
