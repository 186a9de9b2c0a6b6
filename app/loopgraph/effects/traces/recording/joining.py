"""The join of the properties of one node, field by field, whatever the order and however often (``contracts.traces.precedence``).

Beside each field that a report gave stands its weight, in the property ``ranks``: JSON of ``{field: [level, micros]}``. Fields
without a weight come from a client's own event. Only this module reads and writes the property.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import orjson

from loopgraph.contracts.traces.events import FINAL, TraceStatus
from loopgraph.contracts.traces.precedence import CONCLUDED, OWN, Ending, Weight, standing
from loopgraph.effects.graph.values import json_text, json_value

Properties = dict[str, Any]

RANKS = "ranks"

PARTS = {"request_body": "request_parts", "response_body": "response_parts"}
"""Bodies, and where the messages are that are reported of them one by one: JSON of ``{part: message}``."""

MEMORIES = "memories"
"""What of memory was read into a session: JSON of ``{file and prompt: evidence}``."""

AGENTS = "agents_below"
"""The agents that may work in a trace, by their spans: JSON of ``{span: [the span that it is below, agent]}``."""

ENDS = "ordered_ends"
"""How the last ends of a trace were told that went to it by order: JSON of ``{instant|source: properties}``."""

ENDS_OF_PARTS = "ends_of_parts"
"""How the last of the spans below each span ended that is not known itself, of a trace whose root is not: JSON of
``{span: instant|status}``."""

TELLINGS = "prompt_tellings"
"""What those have told of a prompt that do not name it: JSON of ``{id: telling}`` (``prompt_order``)."""

ASKED_AT = "asked_at"
"""When a prompt was submitted, of those that several tell of, as the last of those says that name it."""

NAMED_AT, RECORDED_AT = "call_named_at", "call_recorded_at"
"""When a call of a model was told of by one who names it, and by one who does not, where there are both."""

BEGUN_AT, BEGUN_AS = "begun_at", "begun_as"
"""The same as the first of those says, and the beginning of its text as ``instant|text``."""

MAPS = frozenset({"context", MEMORIES, *PARTS.values(), AGENTS, ENDS, ENDS_OF_PARTS, TELLINGS})
"""JSON of maps that are joined member by member; the weight of a member is that of ``map.member``."""

_SETS = frozenset({"tags", "parent_span_ids", "within"})
PARTS_END = "parts_end"
"""The last of ``ENDS_OF_PARTS``, as earlier releases stored it: without the span that it is below."""

GOING_ON = "going_on_at"
"""When a trace was at work last, of those whose end nobody tells."""

_LATEST = frozenset({"prompted_at", "cut_off_at", PARTS_END, GOING_ON, ASKED_AT})
_EARLIEST = frozenset({"created_at", "ordered_at", BEGUN_AT, BEGUN_AS})
_NEVER_SAID = frozenset({RANKS, *_LATEST, *_EARLIEST})

_ERROR = ("error_type", "error_message")
_ROOT = "root_id"
_PLACES = ("correlation_id", _ROOT)

_OURS = {
    **dict.fromkeys(("status", *_ERROR), (CONCLUDED[0], int(Ending.CUT_OFF))),
    "completed_at": (CONCLUDED[0],),
}
"""At which levels the service itself sets what belongs to an end."""


_MICROS = '"\\u0000"'
"""Stands for the microseconds in the text of weights that have them in common; no name of a field can be so."""


def weighted(given: Properties, weights: Mapping[str, Weight]) -> Properties:
    """The properties with the weights of their fields."""
    return {**given, RANKS: _text(weights)}


def weighed_at(levels: Mapping[str, int]) -> Callable[[int], str]:
    """The text of weights that differ in their levels alone, as a function of the microseconds that they have in common.

    What a report gives has one time, and most reports give the same fields: their text is made once.
    """
    parts = _text({name: (level, "\0") for name, level in levels.items()}).split(_MICROS)
    return lambda micros: str(micros).join(parts)


def weightless(given: Properties) -> Properties:
    """The properties without weights: of what is reported once and whole."""
    return {name: value for name, value in given.items() if name != RANKS}


def reported(properties: Properties) -> set[str]:
    """The fields that third parties reported; sources of context as ``context.SOURCE``."""
    return set(_weights(properties))


def by_order(given: Properties, place: int, names: Collection[str] = _PLACES, at: datetime | None = None) -> Properties:
    """What a report gives that names no prompt: where it belongs has no more than this level. Reports ``at`` some time say so in
    these fields, also as long as the prompt is not known, and weigh the more, the earlier they were: what several tell of is of
    the prompt in which it began."""
    weights = _weights(given)
    found = {name: weights.get(name, OWN) for name in names if at or name in weights}
    placed = {name: (min(level, place), -micros(at) if at else told) for name, (level, told) in found.items()}
    return {**given, RANKS: _text({**weights, **placed})}


def outweighed(properties: Properties, own: Properties) -> Properties:
    """The properties with those of a client's own event, which outweigh all reports."""
    weights = {name: weight for name, weight in _weights(properties).items() if name not in own}
    return weighted(_with_its_error({**properties, **own}, weights), weights)


def concluded(properties: Properties, conclusions: Properties) -> Properties:
    """What changes in a node when the service itself sets some properties: they, with the least of weights."""
    weights = {**_weights(properties), **dict.fromkeys(conclusions, CONCLUDED)}
    return weighted(conclusions, weights)


def reopened(properties: Properties) -> Properties:
    """The properties without what the service itself has set of its end."""
    weights = _weights(properties)
    ours = {name for name, weight in weights.items() if weight[0] in _OURS.get(name, ())}
    left = {name: weight for name, weight in weights.items() if name not in ours}
    return {**properties, **dict.fromkeys(ours), "status": TraceStatus.IN_PROGRESS.value, RANKS: _text(left)}


def unweighted(properties: Properties, names: Collection[str]) -> Properties:
    """The properties with no weights of some fields: what follows from others and is never reported has none."""
    weights = _weights(properties)
    left = {name: weight for name, weight in weights.items() if name not in names}
    return properties if left == weights else {**properties, RANKS: _text(left)}


def gone_on(properties: Properties) -> Properties:
    """The trace as one that was at work at ``GOING_ON``: in progress again, if only what is around it had ended before."""
    weights, at = _weights(properties), properties[GOING_ON]
    told_at_level, told_at = weights.get("status", OWN)
    if properties["status"] not in FINAL or told_at_level != Ending.AROUND or told_at >= micros(at):
        return properties
    told = {name for name in ("status", *_ERROR, "completed_at") if weights.get(name, OWN)[1] == told_at}
    left = {name: weight for name, weight in weights.items() if name not in told}
    return {**properties, **dict.fromkeys(told), "status": TraceStatus.IN_PROGRESS.value, RANKS: _text(left)}


def without_end(properties: Properties, told_at: Collection[int]) -> Properties:
    """The trace without the end that was told at one of these instants, if it is that which counts."""
    weights = _weights(properties)
    gone = {
        name for name in ("status", *_ERROR, "completed_at", "response_text") if weights.get(name, OWN)[1] in told_at
    }
    left = {name: weight for name, weight in weights.items() if name not in gone}
    status = {"status": TraceStatus.IN_PROGRESS.value} if "status" in gone else {}
    return {**properties, **dict.fromkeys(gone), **status, RANKS: _text(left)}


def told_at(properties: Properties, instant: int, names: Collection[str]) -> tuple[Properties, Properties]:
    """A node without what the report of an instant alone tells of it, of these fields and of its context; and the node with
    nothing else of these. All other fields stay in both."""
    weights = _weights(properties)
    context = {key.removeprefix("context."): weight for key, weight in weights.items() if key.startswith("context.")}
    told = {source for source, weight in context.items() if weight[1] == instant}
    members = json_value(properties.get("context")) or {}
    parts = []
    for taken in (False, True):
        gone = {
            name
            for name in names
            if properties.get(name) is not None and (weights.get(name, OWN)[1] == instant) is not taken
        }
        kept = {source: member for source, member in members.items() if (source in told) is taken}
        left = {
            name: weight
            for name, weight in weights.items()
            if name not in gone and (not name.startswith("context.") or name.removeprefix("context.") in kept)
        }
        fields = {**dict.fromkeys(gone), "context": json_text(kept) if kept else None}
        parts.append({**properties, **fields, RANKS: _text(left)})
    return parts[0], parts[1]


def micros(at: datetime | None) -> int:
    """An instant as it is weighed: in microseconds since 1970, 0 for none."""
    return int(at.timestamp()) * 1_000_000 + at.microsecond if at else 0


def level(field: str, properties: Properties) -> int:
    """The level of what is stored in a field (``contracts.traces.precedence``)."""
    return _weights(properties).get(field, OWN)[0]


def is_concluded(field: str, properties: Properties) -> bool:
    """Whether the service itself has set a field, and nothing else was said of it since."""
    weight = _weights(properties).get(field)
    return weight is not None and tuple(weight) == CONCLUDED


def first(base: Properties, given: Properties) -> Properties:
    """The join of a node as it begins and the first that is said of it; no weight is of a field that is not given."""
    shared = base.keys() & given.keys()
    ends = shared == {"status"} and given["status"] in FINAL and base["status"] not in FINAL
    says_nothing = not all(given.values()) and None in given.values()
    if (shared and not ends) or RANKS in base or says_nothing or not given.keys().isdisjoint(_ERROR):
        return joined(base, given)
    return {**base, **given}


def joined(ours: Properties, theirs: Properties) -> Properties:
    """The join of two sets of properties of one node: commutative, associative and idempotent but for fields of clients."""
    mine, others = _weights(ours), _weights(theirs)
    result = dict(ours)
    for name, value in theirs.items():
        if name == RANKS or value is None:
            continue
        if result.get(name) is None:
            result[name] = value
            if name in MAPS:
                mine |= _of(name, others)
            elif name in others:
                mine[name] = others[name]
        elif name in _EARLIEST:
            result[name] = min(result[name], value)
        elif name in _LATEST:
            result[name] = max(result[name], value)
        elif name in _SETS:
            result[name] = sorted({*result[name], *value})
        elif name in MAPS:
            result[name] = _joined_maps(name, result[name], value, mine, others)
        elif standing(name, value, others) > standing(name, result[name], mine):
            result[name] = value
            mine.pop(name, None)
            mine |= _of(name, others)
    if _ROOT in others and result.get(_ROOT) is None:  # it can be given by another way than a report
        mine[_ROOT] = max(mine.get(_ROOT, others[_ROOT]), others[_ROOT])
    if mine:
        result = _with_its_error(result, mine)
        result[RANKS] = _text(mine)
    return result


def yielding(weaker: Properties, stronger: Properties) -> Properties:
    """Properties to be joined to others that win wherever both have something that a client itself said, as between two of its
    own events. No beginning undoes an end all the same."""
    weights = {*_weights(weaker), *_weights(stronger)}
    left = dict(weaker)
    for name, value in weaker.items():
        ours = stronger.get(name)
        if ours is None or value is None or name in _NEVER_SAID:
            continue
        if name in MAPS:
            said = json_value(ours)
            rest = json_value(value)
            left[name] = json_text({key: rest[key] for key in rest if key not in said or f"{name}.{key}" in weights})
        elif name not in weights and (name != "status" or ours in FINAL):
            del left[name]
    return left


def _with_its_error(properties: Properties, weights: dict[str, Weight]) -> Properties:
    """The properties without an error that was concluded, or told of what is around, where more is known of the end: it goes with
    the status that it came with. Its weight is removed too."""
    known = [name for name in _ERROR if name in weights and properties.get(name) is not None]
    if not known or properties.get("status") not in FINAL:
        return properties
    end = weights.get("status", OWN)[0]
    gone = [name for name in known if weights[name][0] < end and weights[name][0] <= Ending.CUT_OFF]
    for name in gone:
        del weights[name]
    return {**properties, **dict.fromkeys(gone)}


def _text(weights: Mapping[str, Any]) -> str:
    """In the order of the names, so that equal weights are equal texts."""
    return orjson.dumps(weights, option=orjson.OPT_SORT_KEYS).decode()


def _weights(properties: Properties) -> dict[str, Weight]:
    weights: dict[str, Weight] = json_value(properties.get(RANKS)) or {}
    return weights


def _of(name: str, weights: dict[str, Weight]) -> dict[str, Weight]:
    if name in MAPS:
        return {key: weight for key, weight in weights.items() if key.startswith(f"{name}.")}
    return {name: weights[name]} if name in weights else {}


def _joined_maps(field: str, ours: str, theirs: str, mine: dict[str, Weight], others: dict[str, Weight]) -> str | None:
    result = json_value(ours)
    for member, value in json_value(theirs).items():
        name = f"{field}.{member}"
        if member not in result or standing(name, value, others) > standing(name, result[member], mine):
            result[member] = value
            mine |= _of(name, others)
    return json_text(dict(sorted(result.items())))
