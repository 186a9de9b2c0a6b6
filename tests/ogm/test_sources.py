"""The models of GQLAlchemy are what the catalogue makes of the contracts."""

from __future__ import annotations

import pytest

from support.ogm_models import FOLDER, sources


@pytest.mark.lengthy
def test_the_models_are_those_of_the_contracts() -> None:
    written = {name: (FOLDER / name).read_text(encoding="utf-8") for name in sources()}
    assert written == sources(), "run `make schema`"
