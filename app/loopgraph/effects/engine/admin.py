"""Commands about whole databases, which the embedded engine takes over HTTP only."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.effects.engine.java import LOOPBACK, USER
from loopgraph.errors import EngineStartError

_LONG_S = 4 * 3600.0


def command(folder: EngineFolder, path: str, body: dict[str, str]) -> Any:
    """What the running engine of a folder answers to a POST of ``body``. Blocks. Raises EngineStartError in plain words."""
    record = folder.record()
    if record is None or record.http_port is None:
        raise EngineStartError("the engine was started by an older loopgraph: stop its services, then try again")
    login = base64.b64encode(f"{USER}:{folder.password()}".encode()).decode()
    connection = http.client.HTTPConnection(LOOPBACK, record.http_port, timeout=_LONG_S)
    try:
        headers = {"content-type": "application/json", "authorization": f"Basic {login}"}
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        answer = json.loads(response.read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EngineStartError(
            f"the embedded engine did not do {path}: {str(error) or type(error).__name__}"
        ) from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        why = answer.get("detail") or answer.get("error")
        raise EngineStartError(f"the embedded engine did not do {path}: {why}; its logs are in {folder.log}")
    return answer
