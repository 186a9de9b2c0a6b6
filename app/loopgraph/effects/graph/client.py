"""The one client of all three engines. Nothing else in the package imports ``neo4j``.

``Graph.open`` connects (starting or joining the embedded engine where the URL says so), recognises the engine by its agent
string, and hands out transactions: managed ones, with the driver's own retry, run by functions that may run twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import neo4j
from neo4j import exceptions as failures

from loopgraph.assets import Access, Query
from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.graph.capabilities import CAPABILITIES, Server, recognise, version_of
from loopgraph.effects.graph.deadline import within
from loopgraph.effects.graph.errors import RETRY_S, LostRace, message_of, translate
from loopgraph.effects.graph.group_commit import GroupCommit
from loopgraph.effects.graph.instants import quicken
from loopgraph.effects.graph.many import Slice, made_of
from loopgraph.effects.graph.values import from_graph, to_graph
from loopgraph.errors import GraphFault, GraphRefused, GraphUnavailable, LoopgraphError
from loopgraph.settings import Engine, Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")
Row = dict[str, Any]


_ALL_WRITERS = "all writers"
_RACES = 16
"""How often a transaction that lost a race is run again."""


class Transaction:
    """One open transaction; made by ``Graph.transaction``."""

    def __init__(self, transaction: neo4j.AsyncManagedTransaction, engine: Engine) -> None:
        self._transaction = transaction
        self._engine = engine
        self.statements = 0

    async def run(self, query: Query, /, **parameters: Any) -> list[Row]:
        """The rows of one statement; their keys are the columns the query's header declares."""
        if parameters.keys() != query.parameters:
            wrong = ", ".join(sorted(parameters.keys() ^ query.parameters))
            raise TypeError(f"{query.name}: these parameters are missing or unknown: {wrong}")
        self.statements += 1
        # The statement's text is a shipped file, its values are parameters.
        text: Any = query.text(self._engine)
        result = await self._transaction.run(text, {key: to_graph(value) for key, value in parameters.items()})
        columns = result.keys()
        rows: list[Row] = []
        slice_ = Slice()
        async for record in result:
            values = record.values()
            most = max((len(value) for value in values if isinstance(value, list)), default=0)
            rows.append(await made_of(most, lambda: dict(zip(columns, map(from_graph, values), strict=True))))  # noqa: B023
            await slice_.pause()
        if rows and query.returns and tuple(columns) != query.returns:
            raise GraphFault(f"{query.name} returned {', '.join(columns)}, not {', '.join(query.returns)}")
        return rows

    async def write(self, query: Query, rows: Sequence[Row], /, into: str = "rows", **parameters: Any) -> None:
        """Runs a statement for ``rows``, if there are any; ``into`` is the parameter that takes them.

        Raises LostRace if it has not written every one, as its column ``written`` says, or its number of rows if it has another
        column: a node is no longer as it was read or, on the embedded engine, was not found because another process's
        transaction was just changing it.
        """
        if not rows:
            return
        answer = await self.run(query, **{into: rows}, **parameters)
        written = answer[0]["written"] if query.returns == ("written",) else len(answer)
        if query.returns and written < len(rows):
            raise LostRace(query.name)


Work = Callable[[Transaction], Awaitable[T]]


class Graph:
    """A pool of connections to one graph. Safe for concurrent use by one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        folder = settings.embedded_folder
        heap, java_options = settings.embedded_heap, settings.embedded_java_options
        self._embedded = EmbeddedEngine(folder, heap=heap, java_options=java_options) if folder else None
        self._driver: neo4j.AsyncDriver | None = None
        self._url = ""
        self._server: Server | None = None
        self._statements = 0
        self._lost = False
        self._closed = False
        self._connecting = asyncio.Lock()
        self._groups: WeakValueDictionary[Hashable, GroupCommit[Transaction]] = WeakValueDictionary()
        self._watcher: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator[Graph]:
        """A connected graph, closed at the end of the block (with the embedded engine, if this process owns it).

        Raises GraphUnavailable, GraphRefused, EngineStartError or ForeignData.
        """
        graph = cls(settings)
        try:
            await graph._connect()
            yield graph
        finally:
            await graph._close()

    @property
    def server(self) -> Server:
        """What answers behind the URL."""
        assert self._server is not None, "the graph is open"
        return self._server

    @property
    def url(self) -> str:
        """Where the engine listens now; an embedded engine can move when it is started again."""
        return self._url

    @property
    def statements(self) -> int:
        """Statements that transactions have run since the graph was opened, those that were run again included."""
        return self._statements

    async def read(self, query: Query, /, **parameters: Any) -> list[Row]:
        """The rows of one reading statement, in a transaction of its own."""
        return await self.transaction(lambda tx: tx.run(query, **parameters), Access.READ)

    async def write(self, query: Query, /, **parameters: Any) -> list[Row]:
        """The rows of one writing statement, in a transaction of its own."""
        return await self.transaction(lambda tx: tx.run(query, **parameters), Access.WRITE)

    async def transaction(
        self, work: Work[T], access: Access = Access.WRITE, *, contended: Hashable | None = None
    ) -> T:
        """The result of ``work``, committed. ``work`` may run several times: it makes no ids and reads no clock.

        It is run again after a transient conflict (by the driver), and after a lost race for a unique key (here), when it
        will find what the winner wrote. Writers of this process that name the same ``contended`` key share commits; on the
        embedded engine all do. Raises GraphUnavailable, GraphTimeout, GraphRefused or GraphFault; any other error of ``work``
        rolls back and is passed on.
        """
        if access is Access.READ:
            return await self._repeated(work, Access.READ)
        # Writers on neighbouring pages collide in the embedded engine and are run again: one at a time is faster.
        key = _ALL_WRITERS if CAPABILITIES[self.server.engine].writers_collide else contended
        if key is None:
            return await self._repeated(work, Access.WRITE)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = GroupCommit(lambda together: self._repeated(together, Access.WRITE))
        return await group.run(work)

    async def _repeated(self, work: Work[T], access: Access) -> T:
        for attempt in range(_RACES):
            try:
                return await self._managed(work, access)
            except (failures.ConstraintError, LostRace) as error:
                if attempt == _RACES - 1:
                    what = "others kept changing it" if isinstance(error, LostRace) else message_of(error)
                    raise GraphFault(f"a transaction lost every race: {what}") from error
                await asyncio.sleep(random.uniform(0.001, 0.01) * (attempt + 1))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    async def _managed(self, work: Work[T], access: Access) -> T:
        driver = await self._connect()
        timeout = self._settings.query_timeout_ms / 1000
        if access is Access.READ:  # a write can be another's, too: writers share transactions
            timeout = within(timeout)

        @neo4j.unit_of_work(timeout=timeout)
        async def bound(transaction: neo4j.AsyncManagedTransaction) -> T:
            quicken(getattr(getattr(transaction, "_connection", None), "hydration_handler", None))
            tx = Transaction(transaction, self.server.engine)
            try:
                return await work(tx)
            finally:
                self._statements += tx.statements

        try:
            # Some engines ignore the driver's timeout, and a dead connection never answers: a limit of our own on top.
            async with asyncio.timeout(timeout + RETRY_S + 5), driver.session(database=self._database) as session:
                run = session.execute_read if access is Access.READ else session.execute_write
                return await run(bound)
        except (failures.Neo4jError, failures.DriverError, OSError, TimeoutError) as error:
            if isinstance(error, failures.ConstraintError):
                raise
            raise self._lost_or(translate(error)) from error

    def _lost_or(self, error: LoopgraphError) -> LoopgraphError:
        """The error; where it says that the embedded engine has gone, the next request looks for the one that runs then.

        An engine that stops can refuse its own password in its last moments, so a refusal is a loss there, too.
        """
        if self._embedded is None or not isinstance(error, GraphUnavailable | GraphRefused):
            return error
        self._lost = True
        if isinstance(error, GraphRefused):
            return GraphUnavailable("the embedded engine was stopping; try again")
        return error

    async def explain(self, query: Query) -> None:
        """Has the engine parse and plan a statement without running it. Raises GraphFault if it cannot."""
        await self.run_alone("EXPLAIN " + query.text(self.server.engine), dict.fromkeys(query.parameters))

    async def run_alone(self, statement: str, parameters: dict[str, Any] | None = None) -> list[Row]:
        """The rows of one statement in an auto-commit transaction: for schema statements and EXPLAIN only."""
        driver = await self._connect()
        text: Any = statement
        try:
            async with driver.session(database=self._database) as session:
                result = await session.run(text, parameters)
                columns = result.keys()
                return [dict(zip(columns, map(from_graph, record.values()), strict=True)) async for record in result]
        except (failures.Neo4jError, failures.DriverError, OSError) as error:
            raise self._lost_or(translate(error)) from error

    async def ping(self) -> float:
        """Milliseconds of the fastest possible statement, connection included."""
        began = time.perf_counter()
        await self.run_alone("RETURN 1 AS one")
        return (time.perf_counter() - began) * 1000

    @property
    def _database(self) -> str | None:
        return "loopgraph" if self._embedded else self._settings.graph_database

    async def _connect(self) -> neo4j.AsyncDriver:
        """The driver; after the embedded engine was lost, the driver of the engine that runs now."""
        if self._driver is not None and not self._lost:
            return self._driver
        async with self._connecting:
            if self._closed:
                raise GraphUnavailable("the graph is closed")
            if self._driver is not None and not self._lost:
                return self._driver
            user, password, url = self._settings.graph_user, self._settings.graph_password.get_secret_value(), ""
            if self._embedded is not None:
                address = await asyncio.to_thread(self._embedded.ensure_running)
                user, password, url = address.user, address.password, address.url
                self._watch()
            else:
                url = self._settings.graph_url
            if self._driver is None or url != self._url:
                await self._open_driver(url, user, password)
            assert self._driver is not None
            self._lost = False
            return self._driver

    async def _open_driver(self, url: str, user: str, password: str) -> None:
        driver = neo4j.AsyncGraphDatabase.driver(
            url,
            auth=(user, password) if password else None,
            user_agent="loopgraph",
            max_connection_pool_size=self._settings.graph_pool_size,
            connection_timeout=5.0,
            connection_acquisition_timeout=30.0,
            max_transaction_retry_time=RETRY_S,
            initial_retry_delay=0.005,
            notifications_min_severity="OFF",  # Neo4j warns of every type and property the store has never seen
            telemetry_disabled=True,
        )
        try:
            info = await driver.get_server_info()
        except (failures.Neo4jError, failures.DriverError, OSError) as error:
            await driver.close()
            raise translate(error) from error
        if self._driver is not None:
            await self._driver.close()
        agent = info.agent or ""
        self._driver, self._url = driver, url
        self._server = Server(self._settings.graph_engine or recognise(agent), agent, version_of(agent))

    def _watch(self) -> None:
        """Starts the embedded engine again as soon as it dies, not only when the next request finds it dead."""
        if self._embedded is None or not self._embedded.owner or (self._watcher and not self._watcher.done()):
            return
        embedded, loop = self._embedded, asyncio.get_running_loop()

        def wait(stopped: asyncio.Future[None]) -> None:
            embedded.wait_stopped()
            with contextlib.suppress(RuntimeError):  # the loop is gone: so is the service
                loop.call_soon_threadsafe(_resolve, stopped)

        async def revive() -> None:
            while not self._closed and embedded.owner:
                stopped: asyncio.Future[None] = loop.create_future()
                # A daemon thread: the default executor would hold up the exit of the process.
                threading.Thread(target=wait, args=(stopped,), name="engine-watch", daemon=True).start()
                await stopped
                if self._closed:
                    return
                logger.error("the embedded engine has died; starting it again")
                self._lost = True
                try:
                    await self._connect()
                except LoopgraphError as error:
                    logger.error("the embedded engine could not be started again: %s", error)
                    return

        self._watcher = asyncio.create_task(revive())

    async def _close(self) -> None:
        self._closed = True
        if self._watcher is not None:
            self._watcher.cancel()
        if self._driver is not None:
            await self._driver.close()
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.close)


def _resolve(stopped: asyncio.Future[None]) -> None:
    if not stopped.done():
        stopped.set_result(None)
