"""``python -m loopgraph`` is the ``loopgraph`` command."""

from loopgraph.commands.app import main

main()
