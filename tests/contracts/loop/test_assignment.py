import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.errors import InvalidInput

texts = st.text("ab12:-é用😀", max_size=12)

UNITS = [f"unit-{i}" for i in range(10_000)]


@pytest.mark.parametrize(
    ("experiment_id", "unit", "place"),
    [
        ("exp-1", "user-1", 0.16061819),
        ("exp-1", "user-2", 0.49948991),
        ("exp-1", "user-5", 0.95368883),
        ("exp-2", "user-1", 0.31013010),
        ("exp-ü", "用户", 0.55774105),
    ],
)
def test_places_that_must_never_change(experiment_id: str, unit: str, place: float) -> None:
    # By sha256sum of "5:exp-1user-1" and so on. Another hash would move units between the arms of running experiments.
    assert assign(experiment_id, unit, place - 1e-6) is Arm.CONTROL
    assert assign(experiment_id, unit, place + 1e-6) is Arm.TREATMENT


@pytest.mark.lengthy
@given(texts, texts, st.floats(0, 1))
def test_the_same_unit_keeps_its_arm(experiment_id: str, unit: str, share: float) -> None:
    assert assign(experiment_id, unit, share) is assign(experiment_id, unit, share)


@pytest.mark.lengthy
@given(texts, texts, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_moves_units_only_to_the_treatment(experiment_id: str, unit: str, a: float, b: float) -> None:
    smaller, larger = sorted((a, b))
    if assign(experiment_id, unit, smaller) is Arm.TREATMENT:
        assert assign(experiment_id, unit, larger) is Arm.TREATMENT


@pytest.mark.lengthy
@given(texts, texts)
def test_the_whole_share_and_none(experiment_id: str, unit: str) -> None:
    assert assign(experiment_id, unit, 0.0) is Arm.CONTROL
    assert assign(experiment_id, unit, 1.0) is Arm.TREATMENT


@pytest.mark.parametrize("share", [0.5, 0.1, 0.9])
@pytest.mark.parametrize("experiment_id", ["exp-1", "exp-2", "0197a3c2-77aa-7000-8000-000000000001"])
def test_the_arms_have_their_shares(experiment_id: str, share: float) -> None:
    treated = sum(assign(experiment_id, unit, share) is Arm.TREATMENT for unit in UNITS)
    assert stats.binomtest(treated, len(UNITS), share).pvalue > 1e-4


def test_experiments_assign_independently() -> None:
    table = [[0, 0], [0, 0]]
    for unit in UNITS:
        table[assign("exp-1", unit) is Arm.TREATMENT][assign("exp-2", unit) is Arm.TREATMENT] += 1
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_the_border_between_experiment_and_unit_counts() -> None:
    moved = sum(assign("exp-1", f"2{unit}") is not assign("exp-12", unit) for unit in UNITS)
    assert stats.binomtest(moved, len(UNITS), 0.5).pvalue > 1e-4


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(InvalidInput, match="treatment_share: must be between 0 and 1"):
        assign("exp-1", "user-1", share)
