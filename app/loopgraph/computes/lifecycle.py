"""The lifecycle of a version, and the hashes that tell whether two contents are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from loopgraph.contracts.lineage import TRANSITIONS, PatternStatus
from loopgraph.errors import InvalidInput, InvalidTransition


def check_transition(node_id: str, current: PatternStatus, wanted: PatternStatus) -> None:
    """Raises InvalidTransition, naming both states, unless the lifecycle allows the step. Staying is not a step."""
    if wanted not in TRANSITIONS[current]:
        raise InvalidTransition("PatternVersion", node_id, current.value, wanted.value)


def template_hash(template_code: str) -> str:
    """``sha256:<64 hex digits>`` of the template's UTF-8 bytes as they are.

    Nothing is normalised: other line ends, trailing blanks or another Unicode form make another template, because
    they can make another behaviour. Parameters are not part of it.
    """
    return _sha256(template_code.encode())


def request_hash(request: Mapping[str, Any]) -> str:
    """``sha256:<64 hex digits>`` of a request's canonical JSON: tells a retry from another request with the same id.

    The order of keys does not matter at any depth, that of lists does; 1 and 1.0 differ, and so does a missing key
    from a null. Raises InvalidInput for what JSON cannot say.
    """
    try:
        return _sha256(orjson.dumps(dict(request), option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError as error:
        raise InvalidInput("request", f"must be plain JSON: {error}") from error


def _sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
