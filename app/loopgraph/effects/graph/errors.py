"""What the driver raises, as errors of ours."""

from __future__ import annotations

from neo4j import exceptions as failures

from loopgraph.errors import GraphFault, GraphRefused, GraphTimeout, GraphUnavailable, LoopgraphError

RETRY_S = 10.0
"""So long the driver runs a transaction again after transient conflicts."""


class LostRace(Exception):
    """Raised by the function of a transaction: what it had read was changed by another. It is run again as a whole."""


def message_of(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text).strip().splitlines()[0][:500]


def translate(error: BaseException) -> LoopgraphError:
    """The driver's error as one of ours."""
    code = getattr(error, "code", None) or ""
    message = message_of(error)
    if isinstance(error, failures.AuthError):
        return GraphRefused(
            f"the graph refused the credentials ({message}); check LOOPGRAPH_GRAPH_USER and LOOPGRAPH_GRAPH_PASSWORD"
        )
    if "DatabaseNotFound" in code or "database does not exist" in message.lower():
        return GraphRefused(f"the graph has no such database ({message}); check LOOPGRAPH_GRAPH_DATABASE")
    if isinstance(error, failures.ServiceUnavailable | failures.SessionExpired):
        return GraphUnavailable(f"the graph does not answer ({message}); try again")
    if isinstance(error, TimeoutError) or "TimedOut" in code or "timeout" in message.lower():
        return GraphTimeout(f"the statement ran longer than it may ({message})")
    if isinstance(error, OSError):
        return GraphUnavailable(f"the graph does not answer ({message}); try again")
    if isinstance(error, failures.TransientError):
        return GraphUnavailable(
            f"the graph is too busy: the transaction was given up after {RETRY_S:.0f} s ({message})"
        )
    if isinstance(error, failures.ConfigurationError):
        return GraphRefused(f"the graph URL does not fit the server ({message})")
    return GraphFault(f"the graph answered {code or type(error).__name__}: {message}")
