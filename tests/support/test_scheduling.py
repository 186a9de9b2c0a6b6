"""What stays together, and that a run really keeps it together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.scheduling import longest_first, share_of

HERE = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("nodeid", "share"),
    [
        ("tests/a.py::test_x", "tests/a.py"),
        ("tests/a.py::TestY::test_x[1-embedded]", "tests/a.py embedded"),
        ("tests/a.py::test_x[neo4j-5.26-an embedded thing]", "tests/a.py neo4j-5.26"),
        ("tests/a.py::test_x[neo4j]", "tests/a.py neo4j"),
        ("tests/a.py::test_x[not neo4j]", "tests/a.py"),
    ],
)
def test_a_share_is_a_module_on_an_engine(nodeid: str, share: str) -> None:
    assert share_of(nodeid) == share


def test_modules_of_slow_tests_come_first_each_in_its_order() -> None:
    tests = {"a::1": False, "a::2": False, "b::1": False, "b::2": True, "c::1": True, "c::2": True, "d::1": True}
    items: list[Any] = [
        SimpleNamespace(nodeid=nodeid, get_closest_marker={"slow": slow}.get) for nodeid, slow in tests.items()
    ]
    longest_first(items)
    assert [item.nodeid for item in items] == ["c::1", "c::2", "d::1", "b::1", "b::2", "a::1", "a::2"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_fixtures_of_a_module_are_made_once(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"test_{name}.py").write_text(
            f"""
import pytest

@pytest.fixture(scope="module")
def made():
    with open({str(tmp_path / "made")!r}, "a") as file:
        file.write("{name} ")

@pytest.mark.parametrize("number", range(20))
def test_it(made, number):
    pass
"""
        )
    (tmp_path / "conftest.py").write_text(
        "from support.scheduling import ModulesTogether\n"
        "def pytest_xdist_make_scheduler(config, log):\n    return ModulesTogether(config, log)\n"
    )
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    )
    environment = {"PYTHONPATH": str(HERE), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert sorted((tmp_path / "made").read_text().split()) == ["one", "three", "two"]
