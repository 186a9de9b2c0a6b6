"""An engine whose databases a test may fill, empty and break."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.effects.engine.admin import command
from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.settings import Settings
from support.engines import Unavailable
from support.engines.plan import EMBEDDED
from support.engines.sources import SOURCES
from support.prepared import DATABASES, prepared_database


def engine_in(folder: Path, **others: Any) -> EmbeddedEngine:
    """The embedded engine of a folder, its Java as this session's tests have it."""
    settings = Settings()
    java_options, cache = settings.embedded_java_options, settings.embedded_cache
    return EmbeddedEngine(folder, **{"java_options": java_options, "cache": cache, **others})


class OwnEngine:
    """An engine that only the tests of one module use: its settings, and how it gets an empty database."""

    def __init__(self, settings: Settings, folder: EngineFolder | None) -> None:
        self._settings = settings
        self._folder = folder
        self._databases = 0

    def with_new_database(self, *, prepared: bool = False) -> Settings:
        """Settings with a database of its own, where the engine has several; the only one elsewhere. ``prepared``: with the
        schema in place, where it can be had at once; it is to be prepared all the same."""
        if self._folder is None:
            return self._settings
        self._databases += 1
        name = f"test{self._databases}"
        if prepared:
            prepared_database(self._folder.path / DATABASES / name)
        command(self._folder, "/api/v1/server", {"command": f"{'open' if prepared else 'create'} database {name}"})
        return self._settings.model_copy(update={"graph_database": name})


@contextlib.contextmanager
def own_embedded(folder: Path) -> Iterator[OwnEngine]:
    """An embedded engine of a test's own, until the end of the block."""
    with contextlib.closing(engine_in(folder)) as engine:
        address = engine.ensure_running()
        settings = Settings(graph_url=address.url, graph_user=address.user, graph_password=address.password)
        yield OwnEngine(settings, EngineFolder(folder))


@contextlib.contextmanager
def own_engine_of(name: str, folder: Path) -> Iterator[OwnEngine]:
    """An engine of this name that may be emptied, until the end of the block; so never a server that runs already. The test is
    skipped where there is none."""
    with contextlib.ExitStack() as running:
        if name == EMBEDDED:
            yield running.enter_context(own_embedded(folder))
            return
        reasons = []
        for source in SOURCES[name]:
            try:
                settings = settings_for(running.enter_context(source(folder)))
                break
            except Unavailable as reason:
                reasons.append(str(reason))
        else:
            pytest.skip(f"{name}: {'; '.join(reasons)}")
        yield OwnEngine(settings, None)
