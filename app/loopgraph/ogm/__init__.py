"""The graph as classes of GQLAlchemy, for those who like to ask it in objects. Needs the extra ``ogm``.

    from loopgraph.ogm import PatternVersion, connect

    graph = connect()
    version = PatternVersion(node_id="…").load(graph)
    list(graph.execute_and_fetch("MATCH (v:PatternVersion)-[e:REFINED_FROM]->(w) RETURN v, e, w"))

There is a class for each label and each type of relationships, made of the service's own contracts; what is JSON in the graph is
read. ``connect`` reads Neo4j, Memgraph and the embedded engine, and writes nothing: nothing but the service knows how nodes hang
together. The service imports nothing of it.
"""

try:
    import gqlalchemy  # noqa: F401 - said here, and not somewhere below
except ImportError as error:
    raise ImportError(
        "loopgraph.ogm needs GQLAlchemy: pip install '.[ogm]' in Loopgraph's checkout, on Python 3.11 or 3.12, in an environment "
        "of its own if something else there needs the neo4j driver 6"
    ) from error

from loopgraph.ogm.client import Graph as Graph
from loopgraph.ogm.client import connect as connect
from loopgraph.ogm.improvement import *  # noqa: F403
from loopgraph.ogm.others import *  # noqa: F403
from loopgraph.ogm.patterns import *  # noqa: F403
from loopgraph.ogm.relationships import *  # noqa: F403
from loopgraph.ogm.traces import *  # noqa: F403
