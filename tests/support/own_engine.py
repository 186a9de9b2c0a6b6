"""An engine whose databases a test may fill, empty and break."""

from __future__ import annotations

from loopgraph.effects.engine.admin import command
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.settings import Settings


class OwnEngine:
    """An engine that only the tests of one module use: its settings, and how it gets an empty database."""

    def __init__(self, settings: Settings, folder: EngineFolder | None) -> None:
        self._settings = settings
        self._folder = folder
        self._databases = 0

    def with_new_database(self) -> Settings:
        """Settings with a database of its own, where the engine has several; the only one elsewhere."""
        if self._folder is None:
            return self._settings
        self._databases += 1
        name = f"test{self._databases}"
        command(self._folder, "/api/v1/server", {"command": f"create database {name}"})
        return self._settings.model_copy(update={"graph_database": name})
