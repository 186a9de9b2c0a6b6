"""What programs embed to be traced: an async recorder, an ASGI middleware, the agent-hook shim.

Nothing here imports the service. Names are looked up when they are first used, so that the shim starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopgraph.clients.context import TraceContext, current, headers
    from loopgraph.clients.middleware import TracingMiddleware
    from loopgraph.clients.recorder import Recorder
    from loopgraph.clients.stats import RecorderStats
    from loopgraph.clients.sync_recorder import SyncRecorder

__all__ = ["Recorder", "RecorderStats", "SyncRecorder", "TraceContext", "TracingMiddleware", "current", "headers"]

_HOMES = {
    "Recorder": "recorder",
    "RecorderStats": "stats",
    "SyncRecorder": "sync_recorder",
    "TraceContext": "context",
    "TracingMiddleware": "middleware",
    "current": "context",
    "headers": "context",
}


def __getattr__(name: str) -> Any:
    """A public name, from the module that has it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
