"""Where a graph is, and as whom it is read."""

from __future__ import annotations

from typing import NamedTuple

from loopgraph.effects.engine.embedded import EmbeddedEngine, EngineAddress
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.effects.engine.reader import reading_address
from loopgraph.errors import InvalidInput
from loopgraph.settings import Settings


class Login(NamedTuple):
    """Where to connect, and as whom; ``engine`` is the embedded one that this process has started for it, if it has."""

    url: str
    user: str
    password: str
    database: str | None
    engine: EmbeddedEngine | None = None


def login_to(
    graph_url: str | None = None, user: str | None = None, password: str | None = None, database: str | None = None
) -> Login:
    """What is not given is that of the settings. The embedded engine is joined, or else started, and read as its reader.

    Blocks. Raises SetupError where there is no database yet, EngineStartError where the engine does not start, InvalidInput for
    a user of the embedded engine, who cannot be chosen, pydantic's ValidationError for settings that cannot be.
    """
    settings = Settings() if graph_url is None else Settings(graph_url=graph_url)
    folder = settings.embedded_folder
    if folder is None:
        return Login(
            settings.graph_url,
            settings.graph_user if user is None else user,
            settings.graph_password.get_secret_value() if password is None else password,
            database or settings.graph_database,
        )
    if user is not None or password is not None or database is not None:
        raise InvalidInput("user", "is for servers: the embedded engine has its own reader and its own database")
    engine = EmbeddedEngine.configured(folder, settings)
    engine.check_begun()
    try:
        engine.ensure_running()
        address: EngineAddress = reading_address(EngineFolder(folder))
    except BaseException:
        engine.close()
        raise
    return Login(address.url, address.user, address.password, address.database, engine)
