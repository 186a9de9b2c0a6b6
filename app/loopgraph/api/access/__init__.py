"""Who asks, and whether they may: resolved and asked here alone, for every door.

With ``LOOPGRAPH_ACCESS=open`` nobody is told apart: whoever reaches the service is ``LOCAL`` and may do everything. So who
reaches it is bounded (``http/gate``), and listening beyond loopback is refused unless a setting says otherwise. With ``tokens``
each request shows one in its ``Authorization`` header, or a JWT of the identity provider, and nowhere else: what is in an address
is written down on its way. A browser that has signed in shows its session in a cookie, which counts for the service's own pages
alone (``cookies``). What a role may do is the table of ``contracts/access``; which traces it sees,
``effects/traces/reading/reads``; how often it may ask, ``orchestrators/access/rate_limits``.
"""

from loopgraph.api.access.doors import Door, WebSocketDoor, asking, counted, resolved, still_asking
from loopgraph.api.access.principals import identified, is_known, name_of, one_of, origin, require
from loopgraph.contracts.access import LOCAL, NOBODY, Action

__all__ = [
    "LOCAL",
    "NOBODY",
    "Action",
    "Door",
    "WebSocketDoor",
    "asking",
    "counted",
    "identified",
    "is_known",
    "name_of",
    "one_of",
    "origin",
    "require",
    "resolved",
    "still_asking",
]
