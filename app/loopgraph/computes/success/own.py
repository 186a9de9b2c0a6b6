"""What success is, from a file: other weights, limits and phrases than those of the seed, for all patterns or for those of one
type. docs/patterns.md shows one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from loopgraph.computes.own_file import read_own
from loopgraph.computes.success.judging import judged
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.loop.reported_outcomes import OutcomeName
from loopgraph.contracts.traces.success import WEIGHTS, Criterion, Limits, Outcome, SuccessCriteria, Weight, Work

_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

THRESHOLD: Final = 0.8
LEAST_KNOWN: Final = 0.5
CORRECTED_WITHIN: Final = timedelta(hours=1)

_TYPES: Final = (*DefinitionKind, "prompt", "agent", "template", "plan")
"""The types of patterns that have a meaning here; people may have others, which are not written nearly like one of these."""
_NEARLY: Final = 0.85
"""So much alike are two names of which one is taken for the other, misspelled: what ``SequenceMatcher.ratio`` says."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CriterionTable(_Table):
    """What a criterion counts for (0: nothing), and what must come of it for a success (0: anything will do)."""

    weight: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = None
    at_least: _Share | None = None


class LimitsTable(_Table):
    """What an execution may take."""

    duration_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    cost_usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    tokens: Annotated[int, Field(gt=0)] | None = None


class CriteriaTable(_Table):
    """How executions are judged, as far as it is not as it is by default."""

    threshold: _Share | None = None
    least_known: _Share | None = None
    corrected_within_minutes: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    phrases: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] | None = Field(default=None, strict=False)
    outcomes: tuple[OutcomeName, ...] | None = Field(default=None, strict=False)
    criteria: dict[Annotated[Criterion, Field(strict=False)], CriterionTable] = {}
    limits: LimitsTable = LimitsTable()

    @field_validator("criteria", mode="before")
    @classmethod
    def _known_names(cls, criteria: object) -> object:
        for name in criteria if isinstance(criteria, Mapping) else ():
            if name not in set(Criterion):
                raise ValueError(f"there is no criterion {name!r}; there is {', '.join(Criterion)}")
        return criteria

    @field_validator("phrases")
    @classmethod
    def _of_words(cls, phrases: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if phrases is not None and not all(map(str.strip, phrases)):
            raise ValueError("a phrase needs words")
        return phrases

    def over(self, base: SuccessCriteria) -> SuccessCriteria:
        """These criteria, and where they say nothing, those of ``base``."""
        weights = dict(base.weights)
        for criterion, table in self.criteria.items():
            weight, at_least = weights[criterion]
            weights[criterion] = Weight(
                weight if table.weight is None else table.weight,
                at_least if table.at_least is None else table.at_least or None,
            )
        said: dict[str, Any] = self.model_dump(
            include={"threshold", "least_known", "phrases", "outcomes"}, exclude_none=True
        )
        if self.corrected_within_minutes is not None:
            said["corrected_within"] = timedelta(minutes=self.corrected_within_minutes)
        limits = Limits(**{**base.limits.model_dump(), **self.limits.model_dump(exclude_none=True)})
        return base.model_copy(update={**said, "weights": weights, "limits": limits})


DEFAULT: Final = SuccessCriteria(
    weights=WEIGHTS, threshold=THRESHOLD, least_known=LEAST_KNOWN, corrected_within=CORRECTED_WITHIN
)
"""The seed's criteria. A success completes, without an error, and is not corrected; half of the weights have to be known, which
they are of everything that is over: how it ended is half."""


class OwnCriteria(CriteriaTable):
    """The criteria of a file: for all executions, and for those of patterns of some types."""

    types: dict[str, CriteriaTable] = {}

    @field_validator("types", mode="before")
    @classmethod
    def _no_misspelled_types(cls, types: object) -> object:
        for name in types if isinstance(types, Mapping) else ():
            if name not in _TYPES and (meant := get_close_matches(str(name).strip().lower(), _TYPES, 1, _NEARLY)):
                raise ValueError(
                    f"there is no type {name!r}; there is {meant[0]} ({', '.join(_TYPES)}, and types of your own)"
                )
        return types

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        for name, criteria in {"": self.of(""), **{name: self.of(name) for name in self.types}}.items():
            if not any(weight for weight, _ in criteria.weights.values()):
                raise ValueError(f"no criterion counts for anything{name and f' for the type {name}'}")
            counted = criteria.weights[Criterion.REPORTED_OUTCOMES]
            if bool(counted.weight or counted.at_least is not None) is not bool(criteria.outcomes):
                raise ValueError(
                    "reported_outcomes and outcomes go together: name the outcomes that count, and say what they count for"
                    f"{name and f', also for the type {name}'}"
                )
        return self

    @classmethod
    def read(cls, file: Path) -> Self:
        """The criteria of a file. Raises SetupError, which says what is wrong where."""
        return read_own(file, cls, "criteria", _keys_at)

    def of(self, pattern_type: str) -> SuccessCriteria:
        """How executions of patterns of a type are judged."""
        base = self.over(DEFAULT)
        own = self.types.get(pattern_type)
        return own.over(base) if own else base

    @property
    def digest(self) -> str:
        """The same of criteria that judge alike, whatever their file looks like."""
        said = {name: self.of(name).model_dump(mode="json") for name in ("", *self.types)}
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    def judge(self, works: Iterable[Work]) -> list[Outcome]:
        """What came of each of some executions."""
        known: dict[str, SuccessCriteria] = {}
        outcomes = []
        for work in works:
            if work.pattern_type not in known:
                known[work.pattern_type] = self.of(work.pattern_type)
            outcomes.append(judged(work, known[work.pattern_type]))
        return outcomes


_TABLES: Final[dict[str, type[BaseModel]]] = {"criteria": CriterionTable, "limits": LimitsTable, "types": CriteriaTable}


def _keys_at(place: list[str]) -> type[BaseModel]:
    tables = [_TABLES[part] for part in place if part in _TABLES]
    return tables[-1] if tables else OwnCriteria
