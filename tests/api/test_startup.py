"""Settings that cannot work are refused before the graph is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopgraph.api.startup import check_settings
from loopgraph.errors import SetupError
from loopgraph.settings import Settings


def test_prices_that_are_not_understood(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("[models.ours]\ninput = -1\n")
    with pytest.raises(SetupError, match=r"models\.ours\.input"):
        check_settings(Settings(prices_file=file))
    file.write_text("[models.ours]\ninput = 1\n")
    check_settings(Settings(prices_file=file))


def test_criteria_of_success_that_are_not_understood(tmp_path: Path) -> None:
    file = tmp_path / "success.toml"
    file.write_text("[criteria.no_errors]\nweight = -1\n")
    with pytest.raises(SetupError, match=r"criteria\.no_errors\.weight"):
        check_settings(Settings(success_file=file))
    file.write_text("[criteria.no_errors]\nweight = 1\n")
    check_settings(Settings(success_file=file))
