"""Loopgraph: traces, lineage, measurement and controlled improvement of AI agent patterns."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("loopgraph")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
