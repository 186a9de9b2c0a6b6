"""Types of the lineage."""
