"""The quality of texts by their form: each part, what it is beside others, and how it develops."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.quality import (
    OF_UNIQUENESS,
    Neighbour,
    form_now,
    neighbours,
    quality_metrics,
    standing_forms,
    text_quality,
)
from loopgraph.contracts.analytics.quality import Compared, KeptForm, ReportedQuality, TextQuality
from loopgraph.contracts.lineage.patterns import EvolutionType, Pattern, PatternStatus, PatternVersion
from loopgraph.contracts.lineage.text_form import (
    LONGEST_TEXT,
    RULE,
    WEIGHTS,
    TextForm,
    TextProblem,
    form_of,
    form_of_version,
    kept,
    kept_form,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def words(count: int, name: str = "w") -> str:
    return " ".join(f"{name}{number}" for number in range(count))


def lines(count: int) -> str:
    """A list of so many items of ten words each."""
    return "\n".join("- " + words(10, f"of{number}x") for number in range(count))


def quality(text: str, *parameters: str, neighbour: Neighbour | None = None) -> TextQuality:
    form = form_of(text, parameters)
    assert form is not None
    return text_quality(form, neighbour)


GOOD = f"# Sort\n\nSort the list {{items}} by its keys, and say what you did.\n\n{lines(3)}"


def test_a_good_text_has_a_full_score() -> None:
    found = quality(GOOD, "items")
    assert (found.score, found.problems) == (pytest.approx(1.0), ())
    assert sum(WEIGHTS.values()) == pytest.approx(1 - OF_UNIQUENESS)


@pytest.mark.parametrize(
    ("text", "part", "value", "problem"),
    [
        (words(5), "length", 0.25, TextProblem.TOO_SHORT),
        (lines(400), "length", 0.5, TextProblem.TOO_LONG),
        (words(240), "structure", 0.5, TextProblem.LONG_PARAGRAPHS),
        ("\n\n".join(words(100, f"p{number}x") for number in range(5)), "structure", 0.75, TextProblem.NO_STRUCTURE),
        (f"{words(30)}\n\n```sh\nls", "structure", 0.75, TextProblem.OPEN_CODE),
        (f"{words(30)} TODO and [insert a name] here", "placeholders", 0.6, TextProblem.LEFTOVERS),
        (f"{words(30)} {{{{name}}}} {{{{items}}}}", "placeholders", 0.5, TextProblem.UNDECLARED),
        (f"{lines(3)}\n{lines(1)}", "repetition", 0.75, TextProblem.REPEATED),
    ],
)
def test_what_costs_how_much(text: str, part: str, value: float, problem: TextProblem) -> None:
    found = quality(text)
    assert (getattr(found, part), found.problems) == (pytest.approx(value), (problem,))
    assert found.score == pytest.approx(1 - WEIGHTS[part] * (1 - value))


def test_parameters_and_placeholders() -> None:
    """Half the share of placeholders that are no parameters, and a quarter of that of parameters nobody names."""
    text = f"{words(30)} {{items}} ${{order}} {{{{name}}}} $ARGUMENTS {{{{args}}}} ${{CLAUDE_SESSION_ID}}"
    found = quality(text, "items", "order", "way", "limit")
    assert found.placeholders == pytest.approx(1 - 0.5 / 3 - 0.25 / 2)
    assert found.problems == (TextProblem.UNDECLARED, TextProblem.UNUSED)


@pytest.mark.parametrize(
    "text", ["`{name}` `TODO`", "```py\nprint(f'{name}')  # TODO\n```", "say {name} or ${HOME}", "$1 {{args}}"]
)
def test_code_and_what_clients_put_in_are_no_placeholders(text: str) -> None:
    assert quality(f"{words(30)}\n\n{text}\n").placeholders == 1.0


@pytest.mark.parametrize(("similar", "unique"), [(0.3, 1.0), (0.5, 1.0), (0.75, 0.5), (1.0, 0.0)])
def test_uniqueness(similar: float, unique: float) -> None:
    found = quality(GOOD, "items", neighbour=Neighbour("p", similar))
    assert (found.uniqueness, found.similar_to, found.similarity) == (pytest.approx(unique), "p", similar)
    assert (TextProblem.NEARLY_SAME in found.problems) == (similar > 0.5)


def test_the_most_similar_of_others() -> None:
    texts = {"mine": "a b c d e f", "short": "x"}
    others = {"far": "a b c x y z", "near": "a b c d e z", "again": "a b c d e z", "other": "q r s t"}
    assert neighbours(texts, others) == {"mine": Neighbour("again", 3 / 5)}
    assert neighbours(texts, {}) == neighbours({"empty": ""}, {"none": ""}) == {}


def test_a_text_without_words_has_no_quality() -> None:
    assert form_of("") is form_of(" \n-- !") is None


@pytest.mark.lengthy
@given(st.text(alphabet="ab {}$`#\n-T1<>[]", max_size=300), st.lists(st.sampled_from("abc"), max_size=3))
def test_every_part_is_between_0_and_1(text: str, parameters: list[str]) -> None:
    if (form := form_of(text, parameters)) is not None:
        found = text_quality(form)
        for part in ("score", *WEIGHTS):
            assert 0 <= getattr(form, part) <= 1
            assert 0 <= getattr(found, part) <= 1
        whole = sum(WEIGHTS[part] * getattr(form, part) for part in WEIGHTS)
        assert form.score == pytest.approx(whole / sum(WEIGHTS.values()))
        assert found.score == pytest.approx(whole + OF_UNIQUENESS)


def version(number: int, text: str, **more: Any) -> PatternVersion:
    given = {"pattern_type": "prompt", **more}
    return PatternVersion(
        node_id=f"v{number}", pattern_id="p", version=number, pattern_name="p", status=PatternStatus.ACTIVE, template_code=text,
        evolution_type=EvolutionType.REFINEMENT, template_hash="h", created_at=NOON, created_by="t", updated_at=NOON, **given,
    )  # fmt: skip


PATTERN = Pattern(
    pattern_id="p", name="p", pattern_type="prompt", description="", latest_version=4, created_at=NOON, created_by="t",
    updated_at=NOON,
)  # fmt: skip


def test_versions_newest_first_beside_what_executions_report() -> None:
    texts = [words(4), words(8), words(12), ""]
    versions = tuple(version(number, text) for number, text in enumerate(texts, start=1))
    reported = {f"v{number}": ReportedQuality(9, 3, mean) for number, mean in ((1, 0.9), (2, 0.7), (3, None))}
    found = quality_metrics(Compared(PATTERN, versions, {"other": "q r s"}), reported)
    assert [(each.node_id, each.text and round(each.text.length, 2), each.reported, each.scored) for each in found.versions] == [
        ("v4", None, None, 0), ("v3", 0.6, None, 3), ("v2", 0.4, 0.7, 3), ("v1", 0.2, 0.9, 3),
    ]  # fmt: skip
    assert found.text_trend is not None
    assert (found.text_trend.n, round(found.text_trend.slope, 9)) == (3, 0.04)
    assert found.reported_trend is None
    assert found.compared_with == 1


def test_of_a_definition_what_a_model_is_given_counts() -> None:
    matter = f"---\nname: x\ndescription: {words(30)} TODO\n---\n{words(30)}"
    found = quality_metrics(Compared(PATTERN, (version(1, matter, pattern_type="skill"),), {}), {})
    assert found.versions[0].text is not None
    assert (found.versions[0].text.words, found.versions[0].text.problems) == (30, ())


@pytest.mark.lengthy
@given(st.text(alphabet="ab {}$`#\n-T1<>[]", max_size=300), st.lists(st.sampled_from("abc"), max_size=3))
def test_a_form_that_is_kept_is_the_same_when_it_is_read(text: str, parameters: list[str]) -> None:
    form = form_of(text, parameters)
    assert kept_form(kept(form)) == form


def test_a_form_of_another_rule_is_made_anew() -> None:
    made = version(1, words(10))
    now = form_now(made)
    assert now is not None
    other = kept(now.model_copy(update={"rule": RULE + 1, "score": 0.0}))
    assert kept_form(other) is None
    assert form_now(made.model_copy(update={"text_form": other})) == now
    of_this_rule = kept(now.model_copy(update={"score": 0.0}))
    assert form_now(made.model_copy(update={"text_form": of_this_rule})) == now.model_copy(update={"score": 0.0})


@pytest.mark.lengthy
def test_of_a_very_long_text_the_beginning_counts() -> None:
    text = "\n\n".join(words(100, f"p{number}x") for number in range(1_000))
    assert len(text) > LONGEST_TEXT
    found = form_of_version("prompt", text, ())
    assert found == form_of(text[:LONGEST_TEXT]) != form_of(text[: LONGEST_TEXT // 2])


def form(score: float, *problems: TextProblem) -> TextForm:
    return TextForm(
        rule=RULE, score=score, length=1, structure=1, placeholders=1, repetition=1, words=9, problems=problems
    )


def test_the_worst_of_the_patterns_in_force() -> None:
    forms = {
        "good": form(1.0), "bad": form(0.2, TextProblem.TOO_SHORT, TextProblem.LEFTOVERS),
        "fair": form(0.8, TextProblem.REPEATED),
        "poor": form(0.5, TextProblem.LEFTOVERS), "without": None,
    }  # fmt: skip
    stored = [KeptForm(id_, f"{id_}-1", kept(one)) for id_, one in forms.items()]
    found = standing_forms(stored, 1.0, None, 2, more=False)
    assert (found.patterns, found.found, found.whole) == (4, 3, True)
    assert found.mean_score == pytest.approx(2.5 / 4)
    assert [one.pattern_id for one in found.worst] == ["bad", "poor"]
    assert {one.problem: one.patterns for one in found.problems} == {
        TextProblem.TOO_SHORT: 1, TextProblem.LEFTOVERS: 2, TextProblem.REPEATED: 1,
    }  # fmt: skip
    some = standing_forms(stored, 0.5, TextProblem.LEFTOVERS, 9, more=True)
    assert ([one.node_id for one in some.worst], some.found, some.whole) == (["bad-1"], 1, False)
    nothing = standing_forms([], 1.0, None, 9, more=False)
    assert (nothing.patterns, nothing.mean_score, nothing.worst) == (0, None, ())
