"""The parts of the running service, as the doors know them."""

from __future__ import annotations

from dataclasses import dataclass

from loopgraph.computes.redaction import Redactor
from loopgraph.effects.events import Events
from loopgraph.effects.graph import Graph
from loopgraph.effects.lineage import Lineage
from loopgraph.effects.lineage_reads import LineageReads
from loopgraph.orchestrators.traversal import Traversals
from loopgraph.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts of the running service, made once by ``main.create_app``."""

    settings: Settings
    graph: Graph
    lineage: Lineage
    lineage_reads: LineageReads
    events: Events
    traversals: Traversals
    redactor: Redactor
