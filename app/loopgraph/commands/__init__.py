"""The `loopgraph` command, one file per subject."""
