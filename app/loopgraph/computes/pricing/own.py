"""Prices of one's own, from a file: of models that no public list has, and those that were agreed on. docs/costs.md shows one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from loopgraph.computes.own_file import read_own
from loopgraph.contracts.traces.pricing import ModelUsage

_Price = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
MILLION = 1_000_000


class ModelPrice(BaseModel):
    """What a model costs, in US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    input: _Price
    cache_read: _Price | None = None
    cache_write: _Price | None = None
    cache_write_1h: _Price | None = None
    output: _Price = 0.0

    def cost_usd(self, usage: ModelUsage) -> float:
        """What a call cost."""
        write = self.input if self.cache_write is None else self.cache_write
        write_1h = write if self.cache_write_1h is None else self.cache_write_1h
        read = self.input if self.cache_read is None else self.cache_read
        plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        return (
            plain * self.input
            + usage.cache_read_tokens * read
            + (usage.cache_write_tokens - usage.cache_write_1h_tokens) * write
            + usage.cache_write_1h_tokens * write_1h
            + usage.output_tokens * self.output
        ) / MILLION


class OwnPrices(BaseModel):
    """The prices of a file, by the names of models."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[str, ModelPrice] = {}

    @field_validator("models")
    @classmethod
    def _names_of_models(cls, models: dict[str, ModelPrice]) -> dict[str, ModelPrice]:
        known = dict[str, str]()
        for name in models:
            if not name or name != name.strip() or "*" in name[:-1]:
                raise ValueError(f"no model is called {name!r}: a * stands at the end, and white space nowhere around")
            if (other := known.setdefault(name.lower(), name)) != name:
                raise ValueError(f"{other} and {name} are one name: capitals make no difference")
        return models

    @classmethod
    def read(cls, file: Path) -> Self:
        """The prices of a file. Raises SetupError, which says what is wrong where."""
        return read_own(file, cls, "prices", lambda place: ModelPrice if place else cls)

    def of(self, model: str) -> ModelPrice | None:
        """The price of a model: of its name, else of the longest beginning of it; capitals make no difference."""
        model = model.lower()
        named = {name.lower(): price for name, price in self.models.items()}
        if found := named.get(model):
            return found
        beginnings = [name for name in named if name.endswith("*") and model.startswith(name[:-1])]
        return named[max(beginnings, key=len)] if beginnings else None
