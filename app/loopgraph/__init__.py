"""Loopgraph: traces, lineage, measurement and controlled improvement of AI agent patterns."""

from typing import Any


def __getattr__(name: str) -> Any:
    """``__version__``, looked up when it is asked for: the look-up takes longer than the agent hook shim has time."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("loopgraph")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
