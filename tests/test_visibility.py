"""Who may see a trace is asked in the queries, everywhere in the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loopgraph.assets import asset

READER = re.compile(r"\$reader\b")
WORDS = re.compile(r"\$reader IS NULL OR (\w+)\.owner IN \$reader OR \1\.shared_in IN \$reader")
STEP = re.compile(
    r"\$reader IS NULL OR EXISTS \{\s*MATCH \((\w+):Trace\)-\[:RAN\]->\(h\) "
    r"WHERE \1\.owner IN \$reader OR \1\.shared_in IN \$reader\s*\}"
)
OTHERS = {
    "outcomes/by_id.cypher": "WHERE $reader IS NULL OR owner IN $reader OR shared_in IN $reader OR",
    "user_feedback/by_id.cypher": "WHERE $reader IS NULL OR owner IN $reader OR shared_in IN $reader OR",
    "outcomes/units_alike.cypher": "WHERE $reader IS NULL\n",
}
"""What is about a trace or about a version; and what is about units, which only who sees everything sees."""

FILES = sorted(path for path in asset("cypher").rglob("*.cypher") if "$reader" in path.read_text(encoding="utf-8"))


def test_there_are_such_queries() -> None:
    assert len(FILES) > 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_query_asks_in_the_words_of_all(path: Path) -> None:
    name, text = f"{path.parent.name}/{path.name}", path.read_text(encoding="utf-8")
    for words in (STEP, WORDS):
        text = words.sub("", text)
    if name in OTHERS:
        assert OTHERS[name] in text
        text = text.replace(OTHERS[name], "")
    assert not READER.search(text), text
