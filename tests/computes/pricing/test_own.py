"""The file of one's own prices, and what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loopgraph.computes.pricing.own import OwnPrices
from loopgraph.errors import SetupError

PAGE = Path(__file__).parents[3] / "docs" / "costs.md"


def test_the_file_of_the_documentation(tmp_path: Path) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "prices.toml"
    file.write_text(text)
    [(name, price)] = OwnPrices.read(file).models.items()
    assert name == "our-model"
    assert (price.input, price.cache_read, price.cache_write, price.cache_write_1h, price.output) == (
        1.25, 0.125, 1.5625, 2.5, 10.0,
    )  # fmt: skip


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[models.x]\ninput = -1", r"models\.x\.input: must be greater than or equal to 0"),
        (
            "[models.x]\ninput = 1\ncached = 2",
            r"models\.x\.cached: there is no such key; there is input, cache_read, cache_write, cache_write_1h, output",
        ),
        ("[models.x]\noutput = 1", r"models\.x\.input: Field required"),
        ('[models.x]\ninput = "1"', r"models\.x\.input: must be a valid number"),
        ("[models.x]\ninput = nan", r"models\.x\.input: must be"),
        ("[model.x]\ninput = 1", "model: there is no such key; there is models"),
        ("[models.Ours]\ninput = 1\n[models.ours]\ninput = 2", "models: Ours and ours are one name"),
        ('[models."ours-*-large"]\ninput = 1', r"models: no model is called 'ours-\*-large'"),
        ('[models." ours"]\ninput = 1', "models: no model is called ' ours'"),
        ('[models.""]\ninput = 1', "models: no model is called ''"),
        ("[models.x", r"are no TOML: Expected"),
        (f"[models.x]\ninput = {'9' * 5_000}", r"are no TOML: Exceeds the limit"),
        (f"models = {'[' * 5_000}{']' * 5_000}", r"are not understood: they are nested too deeply"),
        (f"models.{'.'.join('x' * 5_000)} = 1", r"are not understood"),
    ],
)
def test_what_is_wrong_with_it_is_said(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(SetupError, match=told) as caught:
        OwnPrices.read(file)
    assert str(file) in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("[models.x]\ninput = 1", encoding="utf-8-sig")
    assert OwnPrices.read(file).models["x"].input == 1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No such file"):
        OwnPrices.read(tmp_path / "prices.toml")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(SetupError, match="are no TOML"):
        OwnPrices.read(tmp_path / "bytes")
