"""Chains of agents: delegations are read, and chains are made of them."""

from __future__ import annotations

from loopgraph.computes.analytics.chains import agent_chains
from loopgraph.contracts.analytics.chains import AgentChains
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.effects.analytics.chains import ChainReads
from loopgraph.effects.graph.many import made_of


async def find_agent_chains(
    reads: ChainReads, range: TimeRange, agent: str | None, principal: Principal | None, first: int
) -> AgentChains:
    """The ``first`` most frequent chains of agents of the prompts of a range, of those that the principal may see."""
    delegations = await reads.delegations(range, principal)
    return await made_of(delegations.members, lambda: agent_chains(delegations, agent, first))
