"""What calls of language models cost: prices of one's own first, then a public list that is kept for us and needs no network.

The list is that of ``genai-prices``: with prices of the past, of caches and of long contexts. It knows a price only for those
models that it has; a call of another one has no cost, which is not a cost of 0.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any, Final, NamedTuple

from loopgraph.computes.pricing.own import MILLION, ModelPrice, OwnPrices
from loopgraph.contracts.traces.pricing import ModelUsage

_VARIANT: Final = re.compile(r"\[\w+\]$")
"""What clients put behind the name of a model to say how they call it, such as ``[1m]``."""


_MAKERS: Final = frozenset(
    {
        *(
            "anthropic",
            "cohere",
            "deepseek",
            "google",
            "meta",
            "minimax",
            "mistral",
            "moonshotai",
            "openai",
            "perplexity",
        ),
        *("voyageai", "x-ai", "zai", "zhipuai"),
    }
)
"""Those of the list who sell models of their own: the list has a rule for most of their names, and not for all."""


class Source(NamedTuple):
    """The public list: its name, and since when the newest of its prices that are in force holds."""

    name: str
    newest: date


class PriceList:
    """Prices of one's own, and the public ones."""

    def __init__(self, own: OwnPrices | None = None) -> None:
        self._own = own or OwnPrices()

    @property
    def own_models(self) -> tuple[str, ...]:
        """The models, or beginnings of their names, that have prices of one's own, sorted."""
        return tuple(sorted(self._own.models))

    def has_own(self, model: str) -> bool:
        """Whether a model has a price of one's own."""
        return self._of_own(model) is not None

    def _of_own(self, model: str) -> ModelPrice | None:
        return self._own.of(model) or self._own.of(_VARIANT.sub("", model))

    def __call__(self, usage: ModelUsage) -> float | None:
        """What a call cost, in US dollars, by the prices of its time; None if its model has no price."""
        if own := self._of_own(usage.model):
            return own.cost_usd(usage)
        found = _found(_VARIANT.sub("", usage.model), usage.service)
        if found is None:
            return None
        provider, model = found
        try:
            price = _linear(_Same(model.get_prices(usage.at)))
            return price.cost_usd(usage) if price else _cost_usd(model, provider, usage)
        except (LookupError, ValueError):  # the model is known, but not what this costs
            return None


def load() -> None:
    """Loads the public list, which takes a third of a second. Whoever has not is made to wait at the first call."""
    _providers()


def source(today: date) -> Source:
    """Which public list it is."""
    from genai_prices.types import StartDateConstraint

    starts = [
        price.constraint.start_date
        for provider in _providers()
        for model in provider.models
        if isinstance(model.prices, list)
        for price in model.prices
        if isinstance(price.constraint, StartDateConstraint) and price.constraint.start_date <= today
    ]
    return Source(f"genai-prices {version('genai-prices')}", max(starts))


@cache
def _providers() -> list[Any]:
    from genai_prices.data import providers  # at the first call: there are thousands of prices

    return list(providers)


@lru_cache(maxsize=1_000)  # names come from outside
def _found(name: str, service: str | None) -> tuple[Any, Any] | None:
    """The provider and the model of the list. A service that is not in it, or not with this model, says nothing: then it is the
    maker who is asked. Gateways put the service before the model: ``openai/gpt-4o``.
    """
    from genai_prices.data_snapshot import find_provider_by_id

    name, all_ = name.lower(), _providers()
    serving = find_provider_by_id(all_, service) if service else None
    known = [provider for provider in all_ if provider.model_match and provider.model_match.is_match(name)]
    for provider in [*([serving] if serving else []), *known]:
        if model := provider.find_model(name, all_providers=all_):
            return provider, model
    before, slash, model_alone = name.partition("/")
    if slash:
        return _found(model_alone, before)
    made = [
        (provider, model)
        for provider in all_
        if provider.id in _MAKERS
        for model in provider.models
        if _is(model, name)
    ]
    return made[0] if len({provider.id for provider, _ in made}) == 1 else None


def _is(model: Any, name: str) -> bool:
    """Whether a model has this name in the list, or one that begins as the list says: to have a word somewhere is not enough."""
    return bool(model.id == name or (model.match.is_match(name) and not model.match.is_match(f"?{name}")))


class _Same:
    """A price, as what it is and not as what it says: those of the list stay as they are."""

    def __init__(self, price: Any) -> None:
        self.price = price

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.price is self.price

    def __hash__(self) -> int:
        return id(self.price)


@lru_cache(maxsize=1_000)
def _linear(same: _Same) -> ModelPrice | None:
    """The price as one per token of each kind, with which a call takes a hundredth of the time; None if it is not so simple."""
    from genai_prices import Usage
    from genai_prices.types import TieredPrices

    price = same.price

    def of(**tokens: int) -> float:
        return float(price.calc_price(Usage(**tokens))["total_price"])

    if any(isinstance(value, TieredPrices) for value in vars(price).values()) or of() > 0:
        return None
    return ModelPrice(
        input=of(input_tokens=MILLION),
        cache_read=of(input_tokens=MILLION, cache_read_tokens=MILLION),
        cache_write=of(input_tokens=MILLION, cache_write_tokens=MILLION),
        cache_write_1h=of(input_tokens=MILLION, cache_write_tokens=MILLION, cache_write_1h_tokens=MILLION),
        output=of(output_tokens=MILLION),
    )


def _cost_usd(model: Any, provider: Any, usage: ModelUsage) -> float:
    from genai_prices import Usage

    tokens = Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        output_tokens=usage.output_tokens,
    )
    return float(model.calc_price(tokens, provider, genai_request_timestamp=usage.at).total_price)
