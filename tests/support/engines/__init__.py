"""The graph engines of the test suite: which are asked for, where each can be had, and their processes.

A session asks ``Engines`` for an engine by name; it starts at the first use and is shared by every test after it.
"""

from support.engines.model import EngineUnderTest, Unavailable
from support.engines.plan import NAMES, not_asked_for
from support.engines.session import Engines

__all__ = ["NAMES", "EngineUnderTest", "Engines", "Unavailable", "not_asked_for"]
