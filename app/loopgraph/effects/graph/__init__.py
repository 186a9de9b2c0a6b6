"""The Bolt client of every engine, and what it makes of values, instants, errors and commits."""

import sys

if "pandas" not in sys.modules:
    # The driver imports it where it is installed, for values that we never send: twice the time of its start, and 40 MB.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        import neo4j  # noqa: F401
    finally:
        del sys.modules["pandas"]
