"""What a call of a model costs, against the library's own reckoning and against sums by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from genai_prices.data import providers
from genai_prices.types import ModelInfo, Provider, Usage

from loopgraph.computes.pricing.own import OwnPrices
from loopgraph.computes.pricing.price_list import PriceList, source
from loopgraph.contracts.traces.pricing import ModelUsage

AT = datetime(2026, 11, 21, tzinfo=UTC)
PUBLIC = PriceList()


def usage(
    model: str, service: str | None = None, *, at: datetime = AT, input: int = 120, read: int = 0, write: int = 0,
    write_1h: int = 0, output: int = 15,
) -> ModelUsage:  # fmt: skip
    return ModelUsage(model, service, at, input, read, write, write_1h, output)


def test_what_a_call_with_caches_cost_is_what_one_reckons_by_hand() -> None:
    """By the prices of claude-opus-5-5 in November 2026: 4 dollars per million tokens of input, 0.20 for those read from a
    cache, 5 for those written to one, 8 for those written for an hour, and 20 for output."""
    call = usage("claude-opus-5-5", "anthropic", input=100_000, read=80_000, write=15_000, write_1h=5_000, output=2_000)
    by_hand = (5_000 * 4 + 80_000 * 0.2 + 10_000 * 5 + 5_000 * 8 + 2_000 * 20) / 1_000_000
    assert PUBLIC(call) == pytest.approx(by_hand, rel=1e-12)
    assert PUBLIC(usage("claude-opus-5-5", "anthropic")) == 0.00078  # as the client itself reports such a call


ALL = [(provider, model) for provider in providers for model in provider.models]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_price_of_the_list_is_what_its_library_makes_of_it() -> None:
    differing, priced = [], 0
    for provider, model in ALL:
        for input, write_1h in ((1_000, 0), (300_000, 10_000)):  # some prices depend on how long the input is
            call = usage(model.id, provider.id, input=input, read=input // 2, write=input // 10, write_1h=write_1h)
            if (found := PUBLIC(call)) is None:
                continue
            priced += 1
            if found != pytest.approx(of_library(call), rel=1e-9, abs=1e-15):
                differing.append((provider.id, model.id, found))
    assert differing == []
    assert priced > 3_000


def of_library(call: ModelUsage) -> float:
    from loopgraph.computes.pricing.price_list import _found

    found = _found(call.model, call.service)
    assert found is not None
    provider: Provider = found[0]
    model: ModelInfo = found[1]
    tokens = Usage(
        input_tokens=call.input_tokens, cache_read_tokens=call.cache_read_tokens, cache_write_tokens=call.cache_write_tokens,
        cache_write_1h_tokens=call.cache_write_1h_tokens, output_tokens=call.output_tokens,
    )  # fmt: skip
    return float(model.calc_price(tokens, provider, genai_request_timestamp=call.at).total_price)


@pytest.mark.parametrize(
    ("model", "service", "same_as"),
    [
        ("claude-opus-5-5[1m]", "anthropic", "claude-opus-5-5"),
        ("claude-opus-5-5", None, "claude-opus-5-5"),
        ("Claude-Opus-5-5", "a gateway of ours", "claude-opus-5-5"),
        ("gpt-4o", "azure.ai.openai", "gpt-4o"),
        ("openai/gpt-4o", "litellm", "gpt-4o"),
        ("models/gemini-2.5-pro", None, "gemini-2.5-pro"),
    ],
)
def test_a_model_is_found_by_the_names_that_clients_give_it(model: str, service: str | None, same_as: str) -> None:
    cost = PUBLIC(usage(same_as))
    assert cost is not None
    assert cost > 0
    assert PUBLIC(usage(model, service)) == pytest.approx(cost)


@pytest.mark.parametrize("model", ["our-own-model", "claude", "gpt", "m", "/", "a/b/c/" * 40, "[1m]", "\0"])
def test_a_model_without_a_price_has_no_cost(model: str) -> None:
    assert PUBLIC(usage(model)) is None
    assert PUBLIC(usage(model, "openai")) is None


def test_the_prices_are_those_of_the_time() -> None:
    """In June 2025 o3 went from 10 and 40 dollars to 2 and 8."""
    before, after = (
        PUBLIC(usage("o3", "openai", at=datetime(2025, 6, day, 12, tzinfo=UTC), input=1_000_000, output=1_000_000))
        for day in (9, 10)
    )
    assert (before, after) == (50.0, 10.0)


def test_it_says_which_list_it_is() -> None:
    name, newest = source(date(2026, 11, 21))
    assert name.startswith("genai-prices 0.")
    assert date(2026, 1, 1) < newest <= date(2026, 11, 21)


def test_ones_own_prices_come_first() -> None:
    own = OwnPrices.model_validate(
        {
            "models": {
                "our-*": {"input": 1.0, "output": 2.0},
                "our-large-*": {"input": 10.0, "cache_read": 1.0, "cache_write": 12.0, "output": 20.0},
                "claude-opus-5-5": {"input": 0.0},
            }
        }
    )
    prices = PriceList(own)
    assert prices.own_models == ("claude-opus-5-5", "our-*", "our-large-*")
    assert prices(usage("claude-opus-5-5")) == 0.0  # what is free is free, and not without a price
    assert prices(usage("our-small", input=1_000_000, read=500_000, output=500_000)) == pytest.approx(2.0)
    assert prices(usage("Our-Small[1m]", input=1_000_000, output=0)) == pytest.approx(1.0), (
        "as those of the public list"
    )
    large = usage("our-large-2", input=1_000_000, read=500_000, write=100_000, write_1h=50_000, output=100_000)
    assert prices(large) == pytest.approx(0.4 * 10 + 0.5 * 1 + 0.1 * 12 + 0.1 * 20)
    assert prices(usage("gpt-4o")) == PUBLIC(usage("gpt-4o"))


@pytest.mark.parametrize(
    ("model", "maker"),
    [
        ("text-embedding-3-small", "openai"),
        ("text-embedding-3-large", "openai"),
        ("text-embedding-ada-002", "openai"),
        ("chatgpt-4o-latest", "openai"),
        ("codex-mini-latest", "openai"),
        ("ft:gpt-4o-mini-2024-07-18:mine", "openai"),
        ("magistral-small-2509", "mistral"),
        ("pixtral-large-latest", "mistral"),
        ("codestral-latest", "mistral"),
        ("embed-v4.0", "cohere"),
        ("gemma-3-27b-it", "google"),
        ("sonar-pro", "perplexity"),
    ],
)
def test_a_model_is_its_makers_where_nobody_says_who_serves_it(model: str, maker: str) -> None:
    cost = PUBLIC(usage(model, maker))
    assert cost is not None
    assert PUBLIC(usage(model)) == PUBLIC(usage(model, "a-proxy-of-mine")) == PUBLIC(usage(model.upper())) == cost


@pytest.mark.lengthy
def test_every_model_of_a_maker_has_a_price_by_its_name_alone() -> None:
    makers = {"anthropic", "cohere", "deepseek", "google", "mistral", "moonshotai", "openai", "voyageai", "x-ai"}
    sold = [
        model.id
        for provider, model in ALL
        if provider.id in makers and PUBLIC(usage(model.id, provider.id)) is not None
    ]
    assert [model for model in sold if PUBLIC(usage(model)) is None] == []
    assert len(sold) > 250


@pytest.mark.parametrize(
    "model", ["my-moderation", "llama-3.3-70b", "openai-text-embedding-3-small", "command-of-mine"]
)
def test_a_name_that_only_looks_like_a_makers_has_no_price(model: str) -> None:
    assert PUBLIC(usage(model)) is None
