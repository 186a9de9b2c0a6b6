"""The graph for people who analyse it: read only, in one line, from any engine.

    from loopgraph.analyst import connect

    graph = connect()  # what LOOPGRAPH_GRAPH_URL names, by default the embedded engine's folder of this user
    graph.rows("MATCH (t:Trace) RETURN t.status AS status, count(*) AS traces")

``rows`` are dictionaries of plain Python values, as pandas and polars take them; ``network`` makes a NetworkX graph. Synchronous,
for notebooks and scripts; the service imports nothing of it.
"""

from loopgraph.analyst.graph import ReadOnlyGraph, connect

__all__ = ("ReadOnlyGraph", "connect")
