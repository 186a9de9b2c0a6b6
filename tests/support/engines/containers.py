"""Engines in containers, where Docker answers. Testcontainers' reaper removes them even if this run is killed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.engines.bolt import agent_of, once_it_answers
from support.engines.model import EngineUnderTest, Source, Unavailable

_BOLT = 7687
_ANSWER_S = 2


def in_container(name: str, image: str, user: str = "", password: str = "", **environment: str) -> Source:
    """The image's server, with the login that its environment gives it."""

    @contextlib.contextmanager
    def run(_folder: Path) -> Iterator[EngineUnderTest]:
        if silence := _docker_silence():
            raise Unavailable(f"Docker does not answer ({silence})")
        from docker.errors import DockerException
        from testcontainers.core.container import DockerContainer

        container = DockerContainer(image).with_envs(**environment).with_exposed_ports(_BOLT)
        try:
            try:
                container.start()
            except (DockerException, OSError) as error:
                raise Unavailable(f"Docker could not start {image}: {error}") from error
            url = f"bolt://{container.get_container_host_ip()}:{container.get_exposed_port(_BOLT)}"
            agent = once_it_answers(lambda: agent_of(url, user, password))
            yield EngineUnderTest(name, url, user, password, None, agent)
        finally:
            container.stop()

    return run


@cache
def _docker_silence() -> str | None:
    """Why Docker does not answer; None if it does."""
    try:
        from docker.errors import DockerException
        from testcontainers.core.docker_client import DockerClient
    except ImportError as error:
        return str(error)
    try:
        DockerClient(timeout=_ANSWER_S).client.ping()
    except (DockerException, OSError) as error:
        return str(error)
    return None
