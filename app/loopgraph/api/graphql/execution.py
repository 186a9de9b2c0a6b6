"""How operations are executed: in slices that leave the event loop to others, within a deadline, and what is plain fast."""

from __future__ import annotations

import asyncio
import inspect
import time
import warnings
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    Visitor,
    get_named_type,
    is_leaf_type,
    visit,
)
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from loopgraph.api.graphql.pace import Turns
from loopgraph.api.graphql.projection import Completer, Plans, Step
from loopgraph.effects.graph.deadline import DEADLINE, Deadline
from loopgraph.effects.graph.health import PATIENCE_S
from loopgraph.errors import Blame, ServiceError

# Where an operation is given up, graphql-core leaves coroutines that it had not begun; Python would complain of each kind.
warnings.filterwarnings(
    "ignore", r"coroutine '(Executor|PacedExecution|GraphQLCoreConverter)\..*' was never awaited", RuntimeWarning
)


class OperationTimeout(ServiceError):
    """An operation took longer than it may; what it had still to read was given up."""

    blame = Blame.REQUEST  # who asks for less has it

    code = "OPERATION_TIMEOUT"


Answers = dict[tuple[int, str, Any], tuple[object, asyncio.Future[Any]]]
"""The answers to one event of a subscription, by who asks what of it: many ask the same, and it is made once for all of them."""


class PacedExecution(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's execution, which completes a list of any length without a break, in slices of a few milliseconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plans = Plans(self.schema, self._selected)
        self._steps: dict[int, tuple[dict[str, Any], list[Step]]] = {}
        self._wholes: dict[tuple[int, int], tuple[object, Completer | None]] = {}
        self._used: list[str] | None = None

    @property
    def _turns(self) -> Turns:
        turns: Turns = self.context_value.turns
        return turns

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The result of the operation (of a subscription: of one event). Raises OperationTimeout, or why the graph is away if
        that is what it waited for."""
        answers = getattr(self.root_value, "answers", None)
        return self._own(serially) if answers is None else self._shared(answers, serially)

    def _own(self, serially: bool | None) -> Any:
        result = super().execute_operation(serially)
        return self._in_time(result) if self.is_awaitable(result) else result

    async def _shared(self, answers: Answers, serially: bool | None) -> Any:
        """The answer to one event of a subscription: that of whoever asked the same of it before, unless something was wrong."""
        context = self.context_value
        if self._used is None:
            self._used = _used_variables(self.operation, self.fragments)
        values = repr([(name, self.variable_values.coerced.get(name)) for name in self._used])
        key = (id(self.operation), values, context.principal)
        known = answers.get(key)
        if known is None:
            making = asyncio.ensure_future(self._made(serially))
            making.add_done_callback(lambda done: done.cancelled() or done.exception())
            known = answers[key] = (self.operation, making)  # as long as the operation is held, nothing else has its id
        answer = await asyncio.shield(known[1])
        if answer.errors:
            answers.pop(key, None)
            return ExecutionResult(
                answer.data, [*answer.errors], answer.extensions
            )  # whoever tells them changes the list
        return answer

    async def _made(self, serially: bool | None) -> Any:
        result = self._own(serially)
        return await result if inspect.isawaitable(result) else result

    async def _in_time(self, result: Awaitable[Any]) -> Any:
        services = self.context_value.services
        timeout_ms, health = services.settings.operation_timeout_ms, services.graph.health
        deadline = Deadline(time.monotonic() + timeout_ms / 1000)
        DEADLINE.set(deadline)
        try:
            with self.context_value.operation(), health.watching(deadline):
                async with asyncio.timeout(timeout_ms / 1000) as limit:
                    return await result
        except TimeoutError as error:
            if not limit.expired():
                raise
            waited_s = deadline.unanswered_s
            away = await health.away(waited_s) if waited_s > PATIENCE_S else None
            if away is None and 2 * deadline.away_s > timeout_ms / 1000:
                away = deadline.away  # it is back, but most of the time had gone by then
            if away is not None:
                raise away.with_traceback(None) from error
            raise OperationTimeout(
                f"the operation took longer than {timeout_ms} ms; ask for less at once, such as smaller pages"
            ) from error
        finally:
            DEADLINE.set(None)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: dict[str, Any],
        position_context: Any,
    ) -> Any:
        """The fields of an object: plain ones at once, the others as graphql-core does it."""
        results: dict[str, Any] = {}
        awaited: list[str] = []
        try:
            for name, details, complete in self._plan(parent_type, grouped_field_set):
                if complete is not None:
                    try:
                        results[name] = complete(source_value)
                    except Exception:  # the ordinary way has the error that it is
                        complete = None
                if complete is None:
                    place = Path(path, name, parent_type.name)
                    result = self.execute_field(parent_type, source_value, details, place, position_context)
                    if result is not Undefined:
                        results[name] = result
                        if self.is_awaitable(result):
                            awaited.append(name)
        except Exception:
            if awaited:
                self.settle_in_background([results[name] for name in awaited])
            raise
        return self._awaited(results, awaited) if awaited else results

    async def _awaited(self, results: dict[str, Any], names: list[str]) -> dict[str, Any]:
        if len(names) == 1:
            results[names[0]] = await results[names[0]]
        else:
            values = await gather_with_cancel(*(results[name] for name in names))
            results.update(zip(names, values, strict=True))
        return results

    def _plan(self, parent: GraphQLObjectType, selection: dict[str, Any]) -> list[Step]:
        known = self._steps.get(id(selection))
        if known is None:
            # The selection is kept, so that no other gets its identity.
            known = self._steps[id(selection)] = selection, self._plans.steps(parent, selection)
        return known[1]

    def _whole(self, type_: Any, details: Any) -> Completer | None:
        key = id(type_), id(details)
        known = self._wholes.get(key)
        if known is None:
            known = self._wholes[key] = (type_, details), self._plans.whole(type_, details)
        return known[1]

    def _selected(self, type_: GraphQLObjectType, details: Any) -> dict[str, Any] | None:
        selection, deferred, _ = self.collect_subfields(type_, details)
        return None if deferred else selection

    async def complete_awaitable_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        context: Any,
    ) -> Any:
        """Completes what a resolver answers with, in turn."""
        resolved = _in_turn(self._turns, result)
        return await super().complete_awaitable_value(return_type, field_details_list, info, path, resolved, context)

    def complete_iterable_value(
        self,
        item_type: Any,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        """Completes a list: at once as far as time allows, the rest in turn."""
        if is_leaf_type(get_named_type(item_type)):
            return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)
        turns, rest = self._turns, enumerate(items)
        whole = self._whole(item_type, field_details_list)
        done: list[Any] = []
        awaited: list[int] = []

        def go_on() -> bool:
            """Completes items while there is time; whether there are none left."""
            try:
                for index, item in rest:
                    if whole is None or not _completed(whole, item, done):
                        place = path.add_key(index, None)
                        if self.is_awaitable(item):
                            value = self.complete_awaitable_list_item_value(
                                item, item_type, field_details_list, info, place, position_context
                            )
                            done.append(value)
                            awaited.append(index)
                        elif self.complete_list_item_value(
                            item, done, item_type, field_details_list, info, place, position_context
                        ):
                            awaited.append(index)
                    if turns.spent():
                        return False
            except Exception:
                self.settle_in_background([done[index] for index in awaited])
                raise
            return True

        complete = go_on()
        if complete and not awaited:
            return done

        async def the_rest() -> list[Any]:
            nonlocal complete
            try:
                while not complete:
                    await turns.turn()
                    complete = go_on()
            except asyncio.CancelledError:
                _dispose([done[index] for index in awaited])
                raise
            for index, value in zip(awaited, await _gather(turns, [done[i] for i in awaited]), strict=True):
                done[index] = value
            return done

        return the_rest()


def _used_variables(operation: OperationDefinitionNode, fragments: Mapping[str, Any]) -> list[str]:
    """The names of the variables below the root field of a subscription: what its own arguments were is no matter to an event."""
    found = set[str]()

    class Names(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            found.add(node.name.value)

    for selection in operation.selection_set.selections:
        below = getattr(selection, "selection_set", None)
        if below is not None and isinstance(selection, FieldNode):
            visit(below, Names())
        else:
            visit(selection, Names())
    for fragment in fragments.values():
        visit(getattr(fragment, "definition", fragment), Names())
    return sorted(found)


def _completed(complete: Completer, item: Any, done: list[Any]) -> bool:
    """Adds an item to those that are done, if it can be completed; the ordinary way has the error that it is where it cannot."""
    try:
        done.append(complete(item))
    except Exception:
        return False
    return True


async def _in_turn(turns: Turns, awaitable: Awaitable[Any]) -> Any:
    """The value of something; what follows it, and what leads to it, begins in turn."""
    if turns.spent():
        try:
            await turns.turn()
        except asyncio.CancelledError:
            _dispose([awaitable])
            raise
    value = await awaitable
    if turns.spent():
        await turns.turn()
    return value


async def _gather(turns: Turns, values: list[Awaitable[Any]]) -> list[Any]:
    """The values of many things at once, which are started in turn."""
    if len(values) == 1:
        return [await values[0]]
    started: list[asyncio.Future[Any]] = []
    try:
        for value in values:
            started.append(asyncio.ensure_future(_in_turn(turns, value)))
            if turns.spent():
                await turns.turn()
        return await gather_with_cancel(*started)
    except BaseException:
        for future in started:
            future.cancel()
        _dispose(values)
        raise


def _dispose(values: Iterable[Any]) -> None:
    """Ends coroutines that nobody will begin, and those that they were to await: each would complain that nobody has."""
    rest, seen = [*values], dict[int, Any]()
    while rest:
        coroutine = rest.pop()
        if not inspect.iscoroutine(coroutine) or inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED:
            continue
        for held in inspect.getcoroutinelocals(coroutine).values():
            if isinstance(held, list | dict):  # of what is awaited together; those of one list all hold it
                if id(held) not in seen:
                    seen[id(held)] = held
                    rest += held if isinstance(held, list) else held.values()
            else:
                rest.append(held)
        coroutine.close()
