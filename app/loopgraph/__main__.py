"""``python -m loopgraph`` is the ``loopgraph`` command."""

from loopgraph.cli import main

main()
