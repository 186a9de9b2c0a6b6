"""The bodies of definitions and their digests, which the graph keeps, too: so they are among the contracts."""

from loopgraph.contracts.lineage.bodies import body_digest, body_of, digest_of_version, parted

__all__ = ["body_digest", "body_of", "digest_of_version", "parted"]
