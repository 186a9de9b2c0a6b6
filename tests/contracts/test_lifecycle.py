import hashlib
from itertools import product

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.changes import request_hash, template_hash
from loopgraph.contracts.lineage.patterns import PatternStatus, require_transition
from loopgraph.errors import InvalidTransition

ALLOWED = {
    (PatternStatus.DRAFT, PatternStatus.ACTIVE),
    (PatternStatus.DRAFT, PatternStatus.REJECTED),
    (PatternStatus.ACTIVE, PatternStatus.DEPRECATED),
    (PatternStatus.DEPRECATED, PatternStatus.ARCHIVED),
}


@pytest.mark.parametrize(("current", "wanted"), sorted(ALLOWED))
def test_allowed_steps(current: PatternStatus, wanted: PatternStatus) -> None:
    require_transition("p-v1", current, wanted)


@pytest.mark.parametrize(("current", "wanted"), sorted(set(product(PatternStatus, repeat=2)) - ALLOWED))
def test_impossible_steps_name_both_states(current: PatternStatus, wanted: PatternStatus) -> None:
    with pytest.raises(InvalidTransition, match=f"'p-v1' is {current} and cannot become {wanted}"):
        require_transition("p-v1", current, wanted)


def test_template_hash_is_sha256_of_the_exact_bytes() -> None:
    # FIPS 180-2, appendix B.1, and the hash of nothing.
    assert template_hash("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert template_hash("") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert template_hash("größer") == "sha256:" + hashlib.sha256(b"gr\xc3\xb6\xc3\x9fer").hexdigest()


@pytest.mark.parametrize("other", ["a\r\nb", "a\nb\n", "a\nb ", "\ufeffa\nb"])
def test_template_hash_normalises_nothing(other: str) -> None:
    assert template_hash(other) != template_hash("a\nb")


texts = st.text('ab1\0\n"\\é用😀', max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
json_maps = st.dictionaries(texts, json_values, max_size=6)


def reordered(value: object) -> object:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@pytest.mark.lengthy
@given(json_maps)
def test_request_hash_ignores_the_order_of_keys_at_any_depth(request: JsonMap) -> None:
    again = reordered(request)
    assert isinstance(again, dict)
    assert request_hash(again) == request_hash(request)


@pytest.mark.lengthy
@given(json_maps)
def test_request_hash_survives_a_round_trip(request: JsonMap) -> None:
    assert request_hash(orjson.loads(orjson.dumps(request))) == request_hash(request)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@given(json_maps, json_maps)
def test_request_hash_tells_requests_apart(a: JsonMap, b: JsonMap) -> None:
    canonical = [orjson.dumps(request, option=orjson.OPT_SORT_KEYS) for request in (a, b)]
    assert (request_hash(a) == request_hash(b)) == (canonical[0] == canonical[1])
