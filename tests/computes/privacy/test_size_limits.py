"""Cutting: what stays fits, says how much is missing, and is as much as can be."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.privacy.size_limits import CUT, cut_text, cut_texts, cut_value, settled, within_reach

LIMIT = 1024
CHARACTERS = st.sampled_from("aé€😀\ud800")


def size(value: Any) -> int:
    return len(orjson.dumps(value))


def text_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


class TestTexts:
    @pytest.mark.lengthy
    @given(st.lists(CHARACTERS, max_size=9).map("".join), st.integers(0, 600))
    def test_what_stays_fits_and_says_how_much_is_missing(self, unit: str, times: int) -> None:
        text = unit * times
        cut = cut_text(text, LIMIT)
        if text_bytes(text) <= LIMIT:
            assert cut is text
            return
        assert LIMIT - 70 < text_bytes(cut) <= LIMIT
        found = re.search(r"…\[cut: ([\d,]+) of ([\d,]+) bytes\]$", cut)
        assert found
        kept, (missing, whole) = cut[: found.start()], (int(number.replace(",", "")) for number in found.groups())
        assert text.startswith(kept)
        assert whole == text_bytes(text) == text_bytes(kept) + missing
        assert cut_text(cut, LIMIT) is cut

    def test_the_marker(self) -> None:
        assert cut_text("x" * 189_000, 65_536).endswith("x…[cut: 123,528 of 189,000 bytes]")

    def test_lists_of_texts(self) -> None:
        tags = tuple(f"tag-{i:04d}" for i in range(500))
        assert cut_texts(tags[:100], LIMIT) is not None
        few = tags[:20]
        assert cut_texts(few, LIMIT) is few
        cut = cut_texts(tags, LIMIT)
        assert sum(map(text_bytes, cut)) <= LIMIT
        assert cut[:-1] == tags[: len(cut) - 1]
        assert cut[-1] == f"…[cut: {500 - len(cut) + 1} of 500]"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.integers(0, 4_000).map("x\n€".__mul__),
    lambda inside: st.lists(inside, max_size=6) | st.dictionaries(st.text("ab", max_size=9), inside, max_size=6),
    max_leaves=12,
)


class TestValues:
    @given(
        JSON
        | st.integers(500, 1_000).map(lambda length: [1] * length)
        | st.dictionaries(st.integers(0, 10**6).map(str), st.none())
    )
    @pytest.mark.slow
    def test_what_stays_fits_and_has_the_same_shape(self, value: Any) -> None:
        cut = cut_value(value, LIMIT)
        assert type(cut) is type(value)
        if size(value) <= LIMIT or not isinstance(value, list | dict | str):
            assert cut is value
            return
        assert size(cut) <= LIMIT * (1 if not isinstance(value, str) else 2)  # escapes
        assert "cut" in str(cut)

    def test_the_longest_text_is_cut_first_and_the_rest_stays(self) -> None:
        value = {"exit": 0, "stderr": "warning", "stdout": "x" * 5_000, "nested": [{"ok": True, "text": "short"}]}
        cut = cut_value(value, LIMIT)
        assert cut == {**value, "stdout": cut["stdout"]}
        assert re.fullmatch(r"x+…\[cut: [\d,]+ of 5,000 bytes\]", cut["stdout"])
        assert size(cut) > LIMIT - 200

    def test_then_the_largest_members(self) -> None:
        rows = [{"n": n} for n in range(1_000)]
        value = {"rows": rows, "total": 1_000, "page": {"next": 2}}
        assert cut_value(value, LIMIT) == {"rows": {CUT: {"bytes": size(rows)}}, "total": 1_000, "page": {"next": 2}}

    def test_then_the_members_behind_and_the_items_behind(self) -> None:
        value = {f"name-{n}": n for n in range(1_000)}
        cut = cut_value(value, LIMIT)
        *kept, marker = cut.items()
        assert kept == list(value.items())[: len(kept)]
        assert marker == (CUT, {"bytes": size(dict(list(value.items())[len(kept) :])), "items": 1_000 - len(kept)})
        items = cut_value(list(range(1_000)), LIMIT)
        assert items[:-1] == list(range(len(items) - 1))
        assert items[-1][CUT]["items"] == 1_000 - len(items) + 1

    def test_a_tuple_stays_one(self) -> None:
        cut = cut_value(tuple({"query": n} for n in range(500)), LIMIT)
        assert isinstance(cut, tuple)
        assert CUT in cut[-1]

    @pytest.mark.parametrize("value", [[2**70] * 500, ["\ud800" * 2_000], {"a": {1, 2}}])
    def test_what_json_cannot_hold_is_left_to_those_who_store_it(self, value: Any) -> None:
        assert cut_value(value, LIMIT) is value


class TestReach:
    """What is far beyond what will be kept is not looked at."""

    def test_what_is_short_is_the_same_object(self) -> None:
        value = {"a": ["x" * 60_000, {"b": 1}], "c": ("y",)}
        assert within_reach(value, LIMIT) is value

    @pytest.mark.parametrize("unit", ["x", "é", "😀"])
    def test_the_end_of_a_long_text_is_left_out_and_counted(self, unit: str) -> None:
        text = unit * 500_000
        near = within_reach({"deep": [text, "short"]}, LIMIT)
        assert len(near["deep"][0]) < 40_000
        [cut, short] = settled(near, LIMIT)["deep"]
        assert (text_bytes(cut) <= LIMIT, short) == (True, "short")
        found = re.search(r"…\[cut: ([\d,]+) of ([\d,]+) bytes\]$", cut)
        assert found
        missing, whole = (int(number.replace(",", "")) for number in found.groups())
        assert whole == text_bytes(text) == text_bytes(cut[: found.start()]) + missing
        assert cut_text(cut + "y" * LIMIT, LIMIT).endswith("bytes]")

    def test_a_second_cut_still_tells_of_the_whole(self) -> None:
        cut = settled(within_reach("x" * 500_000, 4 * LIMIT), 4 * LIMIT)
        assert cut_text(cut, LIMIT).endswith(" of 500,000 bytes]")
