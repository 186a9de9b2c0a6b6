"""What the embedded engine takes over HTTP only: commands about whole databases, and who may use them."""

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
    return asked(folder, "POST", path, body)


def asked(folder: EngineFolder, method: str, path: str, body: object = None) -> Any:
    """What the running engine of a folder answers to its own user. Blocks. Raises EngineStartError in plain words."""
    status, answer = answer_to(folder, (USER, folder.password()), method, path, body)
    if status not in (http.client.OK, http.client.CREATED):
        why = answer.get("detail") or answer.get("error")
        raise EngineStartError(f"the embedded engine did not do {path}: {why}; its logs are in {folder.log}")
    return answer


def answer_to(
    folder: EngineFolder, login: tuple[str, str], method: str, path: str, body: object = None
) -> tuple[int, Any]:
    """The status and the answer of the running engine of a folder to a user, who is a name and a password. Blocks.

    Raises EngineStartError where there is no answer.
    """
    record = folder.record()
    if record is None or record.http_port is None:
        raise EngineStartError("the engine was started by an older loopgraph: stop its services, then try again")
    connection = http.client.HTTPConnection(LOOPBACK, record.http_port, timeout=_LONG_S)
    try:
        authorization = base64.b64encode(":".join(login).encode()).decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {authorization}"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EngineStartError(
            f"the embedded engine did not do {path}: {str(error) or type(error).__name__}"
        ) from error
    finally:
        connection.close()
