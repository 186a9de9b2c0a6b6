"""Files that people write for the service: TOML, checked against a model."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from loopgraph.errors import InvalidSetting, in_our_words

M = TypeVar("M", bound=BaseModel)


def read_own(file: Path, model: type[M], what: str, keys_at: Callable[[list[str]], type[BaseModel]]) -> M:
    """What a file says. ``what`` it holds is for errors, which name the allowed keys of the model that is at a place.

    Raises InvalidSetting, which says what is wrong where.
    """
    try:
        return model.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise InvalidSetting(f"the {what} in {file} cannot be read: {error.strerror or error}") from error
    except RecursionError as error:
        raise InvalidSetting(f"the {what} in {file} are not understood: they are nested too deeply") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        problem = in_our_words(first["msg"])
        if first["type"] == "extra_forbidden":
            problem = f"there is no such key; there is {', '.join(keys_at(place[:-1]).model_fields)}"
        said = ": ".join(filter(None, (".".join(place), problem)))
        raise InvalidSetting(f"the {what} in {file} are not understood: {said}") from error
    except ValueError as error:  # no UTF-8, no TOML, or a number of thousands of digits
        raise InvalidSetting(f"the {what} in {file} are no TOML: {error}") from error
