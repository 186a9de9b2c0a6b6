"""How the processes of a run share its tests (pytest-xdist): those of one module and one engine stay together, in order.

What a module's fixtures make is made once then, and no other module uses the engine of the process meanwhile.
"""

from __future__ import annotations

import re

import pytest
from xdist.scheduler import LoadScopeScheduling

from support.engines.plan import NAMES

_ENGINE = re.compile(rf"[\[-]({'|'.join(sorted(map(re.escape, NAMES), key=len, reverse=True))})(?=[\]-])")


def share_of(nodeid: str) -> str:
    """What a test stays together with: its module, and the engine among its parameters if it has one."""
    module, _, name = nodeid.partition("::")
    engine = _ENGINE.search(name)
    return f"{module} {engine[1]}" if engine else module


class ModulesTogether(LoadScopeScheduling):
    """Shares are dealt out in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Modules of slow tests come first, then those that have some, so that no process is left with one at the end."""
    slow, others = (
        {_module(item) for item in items if bool(item.get_closest_marker("slow")) is which} for which in (True, False)
    )
    items.sort(key=lambda item: (_module(item) not in slow, _module(item) in others))


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
