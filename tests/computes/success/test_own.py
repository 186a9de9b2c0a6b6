"""The file that says what success is, and what is wrong with it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from loopgraph.computes.success.own import DEFAULT, OwnCriteria
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.success import Criterion, Limits, Weight, Work
from loopgraph.errors import SetupError

PAGE = Path(__file__).parents[3] / "docs" / "patterns.md"


def read(tmp_path: Path, text: str) -> OwnCriteria:
    """The criteria of a file with this text."""
    file = tmp_path / "success.toml"
    file.write_text(text)
    return OwnCriteria.read(file)


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "").of("skill") == OwnCriteria().of("memory") == DEFAULT


def test_the_file_of_the_documentation(tmp_path: Path) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    criteria = read(tmp_path, text)
    skill, memory = criteria.of("skill"), criteria.of("memory")
    assert (memory.threshold, memory.corrected_within) == (0.7, timedelta(minutes=30))
    assert memory.phrases == skill.phrases == ("das ist falsch", "geht nicht")
    assert memory.weights[Criterion.INTELLIGENCE_GATHERED] == Weight(0.0)
    assert memory.weights[Criterion.USER_CONFIRMED_SUCCESS] == Weight(0.05, 1.0)
    assert skill.weights[Criterion.USER_CONFIRMED_SUCCESS] == Weight(0.2, None)
    assert memory.limits == Limits(cost_usd=2.0)
    assert skill.limits == Limits(duration_ms=120_000, cost_usd=2.0)
    assert skill.least_known == DEFAULT.least_known


def test_each_type_has_its_own(tmp_path: Path) -> None:
    criteria = read(tmp_path, "[types.skill.limits]\ntokens = 100")
    works = [Work(kind, TraceStatus.SUCCESS, model_calls=1, tokens=101) for kind in ("skill", "command", "skill")]
    assert [outcome.known_weight for outcome in criteria.judge(works)] == pytest.approx([0.6, 0.5, 0.6])


def test_people_may_have_types_of_their_own(tmp_path: Path) -> None:
    criteria = read(tmp_path, "[types.architectural]\nthreshold = 0.5\n[types.prompt]\nthreshold = 0.6")
    assert (criteria.of("architectural").threshold, criteria.of("prompt").threshold) == (0.5, 0.6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("threshold = 1.5", r"threshold: must be less than or equal to 1"),
        ("treshold = 0.5", r"treshold: there is no such key; there is threshold, least_known"),
        ("[criteria.no_error]\nweight = 1", r"criteria: there is no criterion 'no_error'; there is execution_completed, no_"),
        ("[criteria.no_errors]\nweigth = 1", r"criteria\.no_errors\.weigth: there is no such key; there is weight, at_least"),
        ("[criteria.no_errors]\nweight = -1", r"criteria\.no_errors\.weight: must be greater than or equal to 0"),
        ('[criteria.no_errors]\nweight = "1"', r"criteria\.no_errors\.weight: must be a valid number"),
        ("[criteria.no_errors]\nat_least = nan", r"criteria\.no_errors\.at_least: must be"),
        ("[limits]\ncost = 1", r"limits\.cost: there is no such key; there is duration_ms, cost_usd, tokens"),
        ("[limits]\ntokens = 0", r"limits\.tokens: must be greater than 0"),
        ("[types.skill]\nweight = 1", r"types\.skill\.weight: there is no such key; there is threshold"),
        ("[types.skill.limits]\ncost = 1", r"types\.skill\.limits\.cost: there is no such key; there is duration_ms"),
        ("[types.skil]\nthreshold = 0.5", r"types: there is no type 'skil'; there is skill \(skill, command, subagent, memory, "),
        ("[types.Command]\nthreshold = 0.5", r"types: there is no type 'Command'; there is command"),
        ("[types.sub-agents]\nthreshold = 0.5", r"types: there is no type 'sub-agents'; there is subagent"),
        ("[types.skill.criteria.no_error]\nweight = 1", r"types\.skill\.criteria: there is no criterion 'no_error'; there is"),
        ("corrected_within_minutes = 0", r"corrected_within_minutes: must be greater than 0"),
        ('phrases = ["no", " "]', r"phrases: a phrase needs words"),
        ("phrases = [1]", r"phrases\.0: must be a valid string"),
        ("\n".join(f"[criteria.{each}]\nweight = 0" for each in Criterion), r"understood: no criterion counts for anything$"),
        (
            "\n".join(f"[types.memory.criteria.{each}]\nweight = 0" for each in Criterion),
            r"no criterion counts for anything for the type memory",
        ),
        ("criteria = 3", r"criteria: must be a valid dictionary"),
        ("[limits", r"are no TOML: Expected"),
        (f"phrases = {'[' * 5_000}{']' * 5_000}", r"are not understood: they are nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_said(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SetupError, match=told) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "success.toml") in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No such file"):
        OwnCriteria.read(tmp_path / "none.toml")
