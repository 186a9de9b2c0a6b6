"""What is made of stored values is what validation would make of them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator, TypeAdapter, ValidationError, field_validator

from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.base import Contract
from loopgraph.contracts.lineage.patterns import Baseline, LineageEdge, Pattern, PatternVersion, Usage
from loopgraph.contracts.stored import stored
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, RoutingDecision, Trace

CONTRACTS: list[type[Contract]] = [
    Pattern, PatternVersion, LineageEdge, LineageEvent, Usage, Trace, HookExecution, EndpointCall, RoutingDecision,
]  # fmt: skip

_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
VALUES: list[Any] = [
    None, "a", "active", "success", "refinement", "moderate", "DERIVED_FROM", "user", 1, 1.0, 0.5, True,
    _AT, _AT.replace(tzinfo=None), _AT.astimezone(timezone(timedelta(hours=2))), "2026-03-01T12:00:00Z",
    [], ["a"], ("a",), ["a", 1], [{"a": 1}], [None], {}, {"a": [1]}, {"p50": 1}, {"unknown": 1},
    Usage(), Baseline(p50=1.0), b"a", object(),
]  # fmt: skip
"""Of every kind; none that only a form or a range would refuse."""


def outcome(make: Any, contract: type[Contract], values: dict[str, Any]) -> Any:
    """What is made, in the order of its fields, or the errors."""
    try:
        made = make(contract, values)
    except ValidationError as error:
        return [(one["loc"], one["type"]) for one in error.errors()]
    return [(name, type(value), value) for name, value in made.__dict__.items()], made.model_dump()


def validated(contract: type[Contract], values: dict[str, Any]) -> Contract:
    return contract.model_validate({name: value for name, value in values.items() if name in contract.model_fields})


@pytest.mark.lengthy
@pytest.mark.parametrize("contract", CONTRACTS)
def test_values_of_any_type_become_what_validation_makes_of_them(contract: type[Contract]) -> None:
    usual = {name: _usual(contract, name) for name in contract.model_fields} | {"request_hash": "of no field"}
    for name in contract.model_fields:
        for value in VALUES:
            values = {**usual, name: value}
            assert outcome(stored, contract, values) == outcome(validated, contract, values), (name, value)
        without = {other: value for other, value in usual.items() if other != name}
        assert outcome(stored, contract, without) == outcome(validated, contract, without), name


def _usual(contract: type[Contract], name: str) -> Any:
    """A value that the field takes."""
    field = contract.model_fields[name]
    type_: TypeAdapter[Any] = TypeAdapter(
        Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    )
    for member in getattr(field.annotation, "__members__", {}).values():
        return member.value
    for value in ("a", True, 1, 0.5, _AT, {}, (), None):
        with contextlib.suppress(ValidationError):
            type_.validate_python(value, strict=True)
            return value
    raise AssertionError(name)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_they_are_not_validated_in_full(contract: type[Contract], monkeypatch: pytest.MonkeyPatch) -> None:
    usual = {name: _usual(contract, name) for name in contract.model_fields}
    monkeypatch.delattr("loopgraph.contracts.stored._validated")
    assert stored(contract, usual)


def test_what_is_made_is_a_contract_like_any_other() -> None:
    given = {"p50": 1, "p95": None}
    made = stored(Baseline, given)
    assert made == Baseline(p50=1.0)
    assert made.p50.__class__ is float
    changed = made.model_copy(update={"p99": 2.0})
    assert (changed.p99, made.p99) == (2.0, None)
    with pytest.raises(ValidationError):
        made.p50 = 2.0  # type: ignore[misc]


def test_maps_are_nobody_elses() -> None:
    one, other = (stored(_WithMap, {}) for _ in range(2))
    assert one.free == {}
    assert one.free is not other.free
    given = {"a": 1}
    assert stored(_WithMap, {"free": given}).free is not given


class _WithMap(Contract):
    free: dict[str, Any] = {}


class _Doubled(Contract):
    number: Annotated[int, BeforeValidator(lambda value: 2 * value)]


class _Checked(Contract):
    number: int

    @field_validator("number")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value


def test_a_contract_with_rules_of_its_own_is_validated() -> None:
    assert stored(_Doubled, {"number": 2}).number == 4
    with pytest.raises(ValidationError, match="must be even"):
        stored(_Checked, {"number": 1})
