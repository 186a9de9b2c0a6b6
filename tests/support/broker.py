"""A broker of Kafka without Docker: its own jars, fetched by Maven, run by the Java runtime that the embedded engine brings."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from loopgraph.effects.engine.java import engine_package
from loopgraph.errors import EngineStartError
from support.engines.cache import cache_folder, filled_once
from support.engines.java import QUICK
from support.engines.model import Unavailable
from support.engines.processes import child, free_port
from support.waiting import PATIENCE_S

VERSION = "4.3.1"
_FETCHING_S = 300
_COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies"
_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>loopgraph.tests</groupId><artifactId>kafka-broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
num.partitions=1
log.cleaner.dedupe.buffer.size=2000000
"""


class Broker:
    """A broker on loopback that can be killed and started again, with all that it had stored.

    ``also``: the names of the secured listeners that it has beside the plain one (``SSL``, ``SASL_PLAINTEXT``, ``SASL_SSL``),
    whose ports are in ``ports``; ``properties`` are what they need, and ``formatting`` what its folder is begun with.
    """

    def __init__(
        self, folder: Path, also: Sequence[str] = (), properties: str = "", formatting: Sequence[str] = ()
    ) -> None:
        """Raises Unavailable, saying what is missing."""
        self._folder = folder
        self._java = _java()
        self._jars = filled_once(cache_folder() / f"kafka-{VERSION}", _fetch)
        port, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{port}"
        self.port = port
        self._properties = folder / "server.properties"
        self.ports = {"PLAINTEXT": port} | {name: free_port() for name in also}
        listeners = ",".join(f"{name}://127.0.0.1:{at}" for name, at in self.ports.items())
        written = _PROPERTIES.format(listeners=listeners, controller=controller, folder=folder)
        self._properties.write_text(written + properties)
        self._running = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        bits = uuid4().bytes
        cluster = (
            base64.urlsafe_b64encode(b"\0" + bits[1:]).rstrip(b"=").decode()
        )  # what begins with a dash were an option
        formatted = subprocess.run(
            [*self._command(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", self._properties, *formatting],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if formatted.returncode:
            raise RuntimeError(f"the broker's folder could not be formatted: {formatted.stdout}{formatted.stderr}")

    def start(self) -> None:
        """Returns when it answers."""
        log = self._folder / "broker.log"
        self._process = self._running.enter_context(
            child([*self._command(), "kafka.Kafka", str(self._properties)], log)
        )
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the broker has ended:\n{log.read_text(errors='replace')[-3000:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise RuntimeError("the broker does not answer")

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, as a machine that dies does it."""
        self._running.close()

    def pause(self) -> None:
        """Has it answer nothing, with its connections open; returns when it has stopped."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def resume(self) -> None:
        """Has it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _command(self) -> list[str | Path]:
        return [self._java, *QUICK, "-Xmx384m", "-cp", f"{self._jars}/*"]


def _java() -> Path:
    try:
        return engine_package() / "jre" / "bin" / "java"
    except EngineStartError as error:
        raise Unavailable(f"no Java for Kafka: {error}") from error


def _fetch(folder: Path) -> None:
    what = f"Kafka {VERSION}"
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(f"{what} is not in {cache_folder()}, and there is no mvn to fetch it")
    pom = folder.with_name("pom.xml")
    pom.write_text(_POM.format(version=VERSION))
    options = ["-q", "-B", "-f", str(pom), f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(
            [maven, *options, _COPY_DEPENDENCIES],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCHING_S,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven could not fetch {what} in {_FETCHING_S} s") from None
    if done.returncode != 0:
        _, _, error = (done.stdout + done.stderr).partition("[ERROR] ")
        raise Unavailable(f"Maven could not fetch {what}: {error.partition(chr(10))[0] or 'it gave no reason'}")


@contextlib.contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """A broker until the end of the block. Raises Unavailable."""
    broker = Broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


async def _patiently(work: Callable[[], Any]) -> Any:
    """Does what a broker that has just begun does not take at once."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await work()
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


async def make_topic(address: str, name: str, partitions: int = 1) -> str:
    """Makes a topic; its name."""

    async def work() -> str:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        try:
            if name not in await admin.list_topics():
                await admin.create_topics([NewTopic(name, partitions, 1)])
        finally:
            await admin.close()
        return name

    made: str = await _patiently(work)
    return made


async def send(address: str, topic: str, values: Sequence[bytes | None], keys: Sequence[bytes] | None = None) -> None:
    """Sends messages, spread over the partitions by their keys."""

    async def started() -> AIOKafkaProducer:
        producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True, linger_ms=5)
        await producer.start()
        return producer

    async def work() -> None:
        producer = await _patiently(started)
        try:
            sent = [
                await producer.send(topic, value, key=keys[index] if keys else None)
                for index, value in enumerate(values)
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    await work()


async def committed(address: str, topic: str, group: str) -> dict[int, int]:
    """Up to where a group has committed, by partition."""

    async def work() -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        try:
            return await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()

    offsets = await _patiently(work)
    return {place.partition: found.offset for place, found in offsets.items() if place.topic == topic}


async def everything(address: str, topic: str) -> list[Any]:
    """All messages of a topic that are there and committed, as the client has them."""

    async def work() -> list[Any]:
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=address, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            places = consumer.assignment()
            ends = await consumer.end_offsets(places)
            found: list[Any] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for many in (await consumer.getmany(timeout_ms=200)).values():
                    found += many
            return found
        finally:
            await consumer.stop()

    messages: list[Any] = await _patiently(work)
    return messages
