"""Words that are opposites of each other. English only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loopgraph.computes.learning.requests.vocabulary import words_of

VERBS: Final = """
grant authorize authorise | revoke | security
approve | reject decline disapprove | review
mute silence | unmute | operations
mount | unmount umount | operations
compress zip gzip | decompress uncompress unzip gunzip | data
pack | unpack | data
attach | detach | operations
connect | disconnect | operations
assign | unassign | operations
pause suspend | resume unpause | operations
unblock | block | security
promote | demote | operations
expand unfold | collapse fold | -
join enter | leave quit | -
follow star watch | unfollow unstar unwatch | -
stage | unstage | version_control
stash | unstash | version_control
wrap | unwrap | refactoring
serialize serialise marshal | deserialize deserialise unmarshal | data
encode | decode | data
escape | unescape | security
register enroll enrol | unregister deregister unenroll | operations
mask redact obfuscate | unmask | security
minimize minimise | maximize maximise | implementation
minify uglify | unminify beautify | formatting
ban blacklist | unban whitelist | security
bind | unbind | -
link | unlink | -
trust | distrust untrust | -
quarantine isolate | unquarantine | -
acknowledge ack | unacknowledge | -
invite | uninvite kick | -
hire | fire | -
lift | impose | -
drain cordon | undrain uncordon | -
shard partition | unshard | data
normalize normalise | denormalize denormalise | data
provision | deprovision decommission | operations
inflate | deflate | -
allocate | deallocate | implementation
push | pop | -
prepend | append | implementation
borrow | lend | -
buy | sell | -
charge | refund | -
credit | debit | -
hydrate | dehydrate | implementation
instrument | uninstrument | observability
indent | dedent outdent | formatting
capitalize uppercase | lowercase | formatting
"""
"""The verbs of an action, those of its opposite, and the kind of work that both are; ``-``: they are said for
so much else that they make no action."""

WORDS: Final = """
ascending asc | descending desc
minimum min | maximum max
public | private
internal | external
inbound incoming | outbound outgoing
online | offline
upper uppercase | lower lowercase
leading | trailing
horizontal horizontally | vertical vertically
enabled | disabled
include including | exclude excluding
forward forwards | backward backwards
ingress | egress
synchronous | asynchronous async
writable | readonly read-only
mandatory required | optional
strict | lenient
optimistic | pessimistic
"""
"""What something is to be, and what is the opposite of that."""

CLOSE: Final = """
up | down
on | off
before | after
left | right
first | last
with | without
old | new
oldest | newest
top | bottom
start | end
true | false
read | write
"""
"""Opposites that are said for many things: they tell nothing but where all other words are nearly the same."""

ENVIRONMENTS: Final = """
production prod
staging stage-env preprod pre-production
development dev
qa
uat
sandbox
local localhost locally
remote remotely
"""
"""Where something is done: the words for one place on a line."""


def _sides(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in text.strip().splitlines():
        ones, others = (side.split() for side in line.split("|")[:2])
        name = f"{ones[0]}/{others[0]}"
        found |= dict.fromkeys(ones, f"{name}:{ones[0]}") | dict.fromkeys(others, f"{name}:{others[0]}")
    return found


SIDES: Final = {**_sides(VERBS), **_sides(WORDS)}
"""A word and which side of which pair it is, ``pair:side``."""
CLOSE_SIDES: Final = _sides(CLOSE)
PLACES: Final = {word: line.split()[0] for line in ENVIRONMENTS.strip().splitlines() for word in line.split()}
NO_PREFIX: Final = words_of(
    "debug default review refactor resource request report design describe display detail define discount discover "
    "return replace remove release result recent record refresh reload reformat relay delay delist deport deliver "
    "region depend decode restore reset reserve require respond reply repair retry render recover represent union "
    "unit until disco distance redo unify restyle reword redirect rewrite rerun recheck rebuild"
)
"""Words that begin like an opposite, and whose rest is a word, and are none."""
