"""The one client of all three engines. Nothing beyond this room imports ``neo4j``.

``Graph.open`` connects (starting or joining the embedded engine where the URL says so), recognises the engine by its agent
string, and hands out transactions, run by functions that may run twice: ``errors.TABLE`` says after what they are run again.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import neo4j

from loopgraph.assets import Access, Query, query
from loopgraph.contracts.spans import Spans
from loopgraph.effects.clock import now
from loopgraph.effects.engine.embedded import EmbeddedEngine, EngineAddress
from loopgraph.effects.graph.capabilities import CAPABILITIES, Server, recognise, version_of
from loopgraph.effects.graph.deadline import asking, within
from loopgraph.effects.graph.errors import (
    DRIVER_FAILURES,
    FAILURES,
    OWN_PASSWORD_REFUSED,
    RETRY_S,
    UNFINISHED_READ,
    LostRace,
    judge,
    translate,
)
from loopgraph.effects.graph.errors import Row as Meaning
from loopgraph.effects.graph.group_commit import GroupCommit
from loopgraph.effects.graph.health import Health
from loopgraph.effects.graph.instants import codec_of, quicken
from loopgraph.effects.graph.metrics import GraphMetrics
from loopgraph.effects.graph.telling import MOST_WRITERS, NoWriter, Writers
from loopgraph.effects.graph.transaction import Alone, Row, Transaction, Work
from loopgraph.effects.graph.values import from_graph
from loopgraph.errors import GraphContended, GraphRefused, GraphUnavailable, LoopgraphError
from loopgraph.settings import EMBEDDED_SCHEME, Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")

_PROBE = query("system/probe_write")

_ALL_WRITERS = "all writers"
_RACES = 16
"""How often a transaction that lost a race is run again."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 1.0
"""Before a transaction is run again for another reason."""

_LONGEST_REST_S = 5.0
"""After an engine that did not start, its start is tried again at the latest after so long."""


class Graph:
    """A pool of connections to one graph. Safe for concurrent use by one event loop."""

    def __init__(
        self, settings: Settings, engine: EmbeddedEngine | None = None, metrics: GraphMetrics | None = None
    ) -> None:
        self._settings = settings
        self._metrics = metrics or GraphMetrics()
        folder = settings.embedded_folder
        self._embedded = engine or (EmbeddedEngine.configured(folder, settings) if folder else None)
        self._driver: neo4j.AsyncDriver | None = None
        self._url = ""
        self._server: Server | None = None
        self._statements = 0
        self._lost = False
        self._closed = False
        self._connecting: asyncio.Task[neo4j.AsyncDriver] | None = None
        self._start_failure: tuple[LoopgraphError, float] | None = None
        self._rest_s = 0.0
        self._groups: WeakValueDictionary[Hashable, GroupCommit[Transaction]] = WeakValueDictionary()
        self._watcher: asyncio.Task[None] | None = None
        self.writers = Writers()
        self.health = Health(self.ping, self._probe, self._shortage)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        *,
        create: bool = True,
        engine: EmbeddedEngine | None = None,
        metrics: GraphMetrics | None = None,
    ) -> AsyncIterator[Graph]:
        """A connected graph, closed at the end of the block (with the embedded engine, if this process owns it).

        ``engine`` is the embedded engine that the settings name, where it is there already; it is closed, too. ``metrics`` count
        what is done. Raises GraphUnavailable, GraphRefused, EngineStartError or ForeignData; unless it may ``create`` the
        embedded engine's database, also SetupError where there is none.
        """
        graph = cls(settings, engine, metrics)
        if graph._embedded is not None and not create:
            graph._embedded.check_begun()
        try:
            try:
                await graph._connect()
            except DRIVER_FAILURES as error:
                raise translate(error) from error
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
    def named(self) -> str:
        """What people call it: the folder of an embedded engine, as ``embedded:PATH``, else the URL."""
        folder = self._settings.embedded_folder
        return self._settings.graph_url if folder is None else f"{EMBEDDED_SCHEME}{folder}"

    @property
    def is_embedded(self) -> bool:
        """Whether the engine is one in a folder of this machine."""
        return self._embedded is not None

    @property
    def statements(self) -> int:
        """Statements that transactions have run since the graph was opened, those that were run again included."""
        return self._statements

    async def read(self, query: Query, /, **parameters: Any) -> list[Row]:
        """The rows of one reading statement, in a transaction of its own."""
        with asking():
            return await self._repeated(
                lambda: self._attempt(lambda tx: tx.run(query, **parameters), Access.READ, alone=True), Access.READ
            )

    async def write(self, query: Query, /, **parameters: Any) -> list[Row]:
        """The rows of one writing statement, in a transaction of its own."""
        return await self.transaction(lambda tx: tx.run(query, **parameters), Access.WRITE)

    async def transaction(
        self,
        work: Work[T],
        access: Access = Access.WRITE,
        *,
        contended: Hashable | None = None,
        most_losses: int | None = None,
    ) -> T:
        """The result of ``work``, committed. ``work`` may run several times: it makes no ids and reads no clock.

        It is run again after what passes by itself, and after a lost race for a unique key, when it will find what the winner
        wrote. Writers of this process that name the same ``contended`` key share commits; on the embedded engine all do.
        ``most_losses`` is for large ones that can be done in smaller parts: after so many defeats by others it raises
        GraphContended, and it shares its commit with nobody, who would have to give up, too.
        Raises ServiceErrors, as the table of errors has them; any other error of ``work`` rolls back and is passed on.
        """
        work = self.spans.bound(work)
        with asking():
            if access is Access.READ:
                return await self._repeated(lambda: self._attempt(work, Access.READ), Access.READ)
            return await self._with_others(work, contended, most_losses)

    async def _with_others(self, work: Work[T], contended: Hashable | None, most_losses: int | None) -> T:
        """What ``work`` returns, committed: together with that of others who write to the same place, if it may be."""
        # Writers on neighbouring pages collide in the embedded engine and are run again: one at a time is faster.
        key = _ALL_WRITERS if CAPABILITIES[self.server.engine].writers_collide else contended
        if key is None:
            return await self._written(work, most_losses)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = GroupCommit(self._written, self._metrics.writers_together.observe)
        if most_losses is not None:
            return await group.alone(lambda: self._written(work, most_losses))
        return await group.run(work)

    async def _written(self, work: Work[T], most_losses: int | None = None) -> T:
        while True:
            try:
                return await self._repeated(lambda: self._attempt(work, Access.WRITE), Access.WRITE, most_losses)
            except NoWriter:
                await self.writers.claim(self._written)

    async def _repeated(self, attempt: Callable[[], Awaitable[T]], access: Access, most_losses: int | None = None) -> T:
        """What an attempt returns, once one succeeds, made again as the table of errors says, or until ``most_losses``."""
        failing_since, races, losses, pause_s = None, 0, 0, _FIRST_PAUSE_S
        began = time.perf_counter()
        while True:
            try:
                result = await attempt()
            except FAILURES as failure:
                meaning = self._judged(failure, access)
                error = self._told(meaning, failure)
                self.health.failed(error, access)
                if meaning.race:
                    races += 1
                    self._metrics.lost_races.inc()
                    again, wait_s = races < _RACES, races * random.uniform(0.001, 0.01)  # noqa: S311 - jitter, not a secret
                else:
                    failing_since = failing_since or time.monotonic()
                    again = time.monotonic() - failing_since < min(meaning.retry_s, RETRY_S)
                    wait_s = pause_s * random.uniform(0.8, 1.2)  # noqa: S311
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                losses += meaning.makes is GraphContended
                again = again and not self._closed and losses != most_losses
                self._metrics.failed(error.code, again=again)
                if not again:
                    raise error from failure
                await asyncio.sleep(wait_s)
            else:
                self.health.worked(access)
                self._metrics.committed(access, time.perf_counter() - began)
                return result

    async def _attempt(self, work: Work[T], access: Access, *, alone: bool = False) -> T:
        """What ``work`` returns, once it is committed. It is run in a transaction; ``alone``, it runs one statement."""
        driver = await self._connect()
        limit_s = self._settings.query_timeout_ms / 1000
        if access is Access.READ:  # a write can be another's, too: writers share transactions
            limit_s = within(limit_s)
        mode = neo4j.READ_ACCESS if access is Access.READ else neo4j.WRITE_ACCESS
        # Some engines ignore the driver's timeout, and a dead connection never answers: a limit of our own on top.
        async with contextlib.AsyncExitStack() as stack:
            telling = stack.enter_context(self.writers.telling())
            await stack.enter_async_context(asyncio.timeout(limit_s + 5))
            session = await stack.enter_async_context(driver.session(database=self._database, default_access_mode=mode))
            if alone:
                tx = Transaction(Alone(session, limit_s), self.server.engine, self._metrics.ran)
            else:
                with getattr(session, "_pipelined_begin", contextlib.nullcontext()):  # it goes with the first statement
                    transaction = await session.begin_transaction(timeout=limit_s)
                await stack.enter_async_context(transaction)
                quicken(codec_of(transaction))
                tx = Transaction(transaction, self.server.engine, self._metrics.ran)
            try:
                result = await work(tx)
                await telling.write(tx)
                return result
            finally:
                self._statements += tx.statements

    def _judged(self, failure: BaseException, access: Access) -> Meaning:
        """What a failure means here. Where the embedded engine has gone, the next attempt looks for the one that runs then."""
        meaning = judge(failure)
        if access is Access.READ and UNFINISHED_READ.fits(failure):
            meaning = UNFINISHED_READ
        if self._embedded is not None:
            if meaning.makes is GraphRefused:
                meaning = OWN_PASSWORD_REFUSED
            self._lost = self._lost or meaning.lost
        return meaning

    def _told(self, meaning: Meaning, failure: BaseException) -> LoopgraphError:
        """The failure as an error of ours; the engine does not tell that it has no space left, but its disk does."""
        error = meaning.told(failure)
        return error if isinstance(error, GraphContended) else self.health.full(logged=True) or error

    def _shortage(self, logged: bool) -> str | None:
        return self._embedded.shortage(logged=logged) if self._embedded is not None else None

    async def explain(self, query: Query) -> None:
        """Has the engine parse and plan a statement without running it. Raises GraphFault if it cannot."""
        await self.run_alone("EXPLAIN " + query.text(self.server.engine), dict.fromkeys(query.parameters))

    async def run_alone(self, statement: str, parameters: dict[str, Any] | None = None) -> list[Row]:
        """The rows of one statement in an auto-commit transaction: for schema statements and EXPLAIN only.

        They change nothing when they run twice, so they are run again like transactions.
        """
        return await self._repeated(lambda: self._run_once(statement, parameters), Access.READ)

    async def _run_once(self, statement: str, parameters: dict[str, Any] | None = None) -> list[Row]:
        driver = await self._connect()
        text: Any = statement
        limit_s = self._settings.query_timeout_ms / 1000
        async with asyncio.timeout(limit_s + 5), driver.session(database=self._database) as session:
            result = await session.run(text, parameters)
            columns = result.keys()
            return [dict(zip(columns, map(from_graph, record.values()), strict=True)) async for record in result]

    async def ping(self) -> float:
        """Milliseconds of the fastest possible statement, connection included. It is asked once."""
        began = time.perf_counter()
        try:
            await self._run_once("RETURN 1 AS one")
        except FAILURES as failure:
            error = self._told(self._judged(failure, Access.READ), failure)
            self.health.failed(error, Access.READ)
            raise error from failure
        self.health.worked(Access.READ)
        return (time.perf_counter() - began) * 1000

    async def _probe(self) -> None:
        """Writes something, for its own sake. It does not wait for other writers."""

        async def work(tx: Transaction) -> None:
            [row] = await tx.run(_PROBE, now=now())
            if not row["written"]:
                raise LostRace(_PROBE.name)

        await self._written(work)

    @property
    def spans(self) -> Spans:
        """Who is told of what is done, beside what is counted."""
        return self._metrics.spans

    @property
    def _database(self) -> str | None:
        return "loopgraph" if self._embedded else self._settings.graph_database

    async def _connect(self) -> neo4j.AsyncDriver:
        """The driver; after the embedded engine was lost, the driver of the engine that runs now."""
        if self._driver is not None and not self._lost:
            return self._driver
        if self._closed:
            raise GraphUnavailable("the graph is closed")
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect_anew())
            self._connecting.add_done_callback(_note_error)
        return await asyncio.shield(self._connecting)  # who does not want to wait any longer stops only himself

    async def _connect_anew(self) -> neo4j.AsyncDriver:
        user, password, url = self._settings.graph_user, self._settings.graph_password.get_secret_value(), ""
        if self._embedded is not None:
            address = await self._running(self._embedded)
            user, password, url = address.user, address.password, address.url
            self._watch()
        else:
            url = self._settings.graph_url
        if self._driver is None or url != self._url:
            await self._open_driver(url, user, password)
        assert self._driver is not None
        self._metrics.engine_starts.inc()  # also where it came back at its old address
        self._lost = False
        return self._driver

    async def _running(self, engine: EmbeddedEngine) -> EngineAddress:
        """Where the engine answers. One that does not start is left in peace for a while: each try costs seconds."""
        if self._start_failure is not None and time.monotonic() < self._start_failure[1]:
            raise self._start_failure[0]
        try:
            address = await asyncio.to_thread(engine.ensure_running)
        except LoopgraphError as error:
            self._rest_s = min(max(1.0, 2 * self._rest_s), _LONGEST_REST_S)
            self._start_failure = (error, time.monotonic() + self._rest_s)
            raise
        self._start_failure, self._rest_s = None, 0.0
        return address

    async def _open_driver(self, url: str, user: str, password: str) -> None:
        driver = neo4j.AsyncGraphDatabase.driver(
            url,
            auth=(user, password) if password else None,
            user_agent="loopgraph",
            max_connection_pool_size=self._settings.graph_pool_size,
            connection_timeout=5.0,
            connection_acquisition_timeout=30.0,
            notifications_min_severity="OFF",  # Neo4j warns of every type and property the store has never seen
            telemetry_disabled=True,
        )
        try:
            info = await driver.get_server_info()
        except BaseException:
            await driver.close()
            raise
        if self._driver is not None:
            await self._driver.close()
        agent = info.agent or ""
        self._driver, self._url = driver, url
        self._server = Server(self._settings.graph_engine or recognise(agent), agent, version_of(agent))
        self.writers.most = 1 if CAPABILITIES[self._server.engine].writers_collide else MOST_WRITERS

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
                while not self._closed:
                    try:
                        await self._connect()
                    except Exception as error:
                        logger.error("the embedded engine could not be started again: %s", error)
                        await asyncio.sleep(self._rest_s or _LONGEST_REST_S)
                    else:
                        break

        self._watcher = asyncio.create_task(revive(), context=contextvars.Context())

    async def _close(self) -> None:
        if self._driver is not None and not self._lost:
            await self.writers.release(lambda work: self._attempt(work, Access.WRITE))
        self._closed = True
        if self._watcher is not None:
            self._watcher.cancel()
        if self._connecting is not None and not self._connecting.done():
            if self._embedded is not None:
                await asyncio.to_thread(self._embedded.close)  # ends a start that is under way
            await asyncio.wait([self._connecting])
        if self._driver is not None:
            await self._driver.close()
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.close)


def _resolve(stopped: asyncio.Future[None]) -> None:
    if not stopped.done():
        stopped.set_result(None)


def _note_error(connecting: asyncio.Task[neo4j.AsyncDriver]) -> None:
    """Whoever waited for it has it; if nobody waits any more, the next one finds out anew."""
    if not connecting.cancelled():
        connecting.exception()
