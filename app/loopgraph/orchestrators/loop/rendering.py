"""The text that a unit of work is to run: which pattern is meant, which version is the unit's, and what it says."""

from __future__ import annotations

from loopgraph.computes.definitions.adoption import adopted_pattern
from loopgraph.computes.definitions.naming import meant
from loopgraph.computes.definitions.rendering import with_arguments
from loopgraph.contracts.base import problem_of_id
from loopgraph.contracts.lineage.bodies import body_of
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.contracts.loop.rendering import Rendering, RenderKind, RenderRequest
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.loop.assignment import Assignments


class Renderings:
    """Renders patterns."""

    def __init__(self, reads: LineageReads, definitions: DefinitionReads, assignments: Assignments) -> None:
        self._reads = reads
        self._definitions = definitions
        self._assignments = assignments

    async def render(self, request: RenderRequest) -> Rendering:
        """The text of the version that the unit is assigned to (``Assignments.assign_variant``), with its arguments.

        Raises NotFound for a pattern that is neither an id nor a name, InvalidInput for a name that several have.
        """
        pattern = await self._pattern(request)
        assigned = await self._assignments.assign_variant(pattern.pattern_id, request.unit)
        text = assigned.template_code
        if pattern.pattern_type in set(DefinitionKind):
            path = pattern.metadata.get("path")
            text = body_of(DefinitionKind(pattern.pattern_type), text, path if isinstance(path, str) else "")
        if adopted_pattern(text):
            problem = "has a version in use that fetches its own text; put a version with a text into use"
            raise InvalidInput("pattern", f"{pattern.pattern_id} {problem}")
        return Rendering(
            text=with_arguments(text, request.arguments or ""),
            pattern_id=pattern.pattern_id,
            node_id=assigned.node_id,
            version=assigned.version,
            unit=assigned.unit,
            experiment_id=assigned.experiment_id,
            arm=assigned.arm,
        )

    async def _pattern(self, request: RenderRequest) -> Pattern:
        name = request.pattern
        if problem_of_id(name) is None and (found := (await self._reads.patterns([name])).get(name)):
            return found
        kinds = [request.kind] if request.kind else list(RenderKind)
        named = await self._definitions.patterns_named(kinds, name.removeprefix("/"))
        if not named:
            raise NotFound("Pattern", name)
        return meant(named, request.folder)
