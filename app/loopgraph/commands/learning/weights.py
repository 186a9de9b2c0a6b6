"""``loopgraph learning weights``: which weights of a match fit what came of prompts."""

from __future__ import annotations

import asyncio

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.tables import Column, print_table
from loopgraph.commands.terminal import configure_logging, out, plainly, waiting_for
from loopgraph.contracts.counted import counted
from loopgraph.contracts.learning.matching import SEED_WEIGHTS, MatchPart, weights_of
from loopgraph.contracts.learning.weighing import Figure, Matched, Reason, Weighed
from loopgraph.settings import Settings


@plainly
def weights(as_json: AsJson = False) -> None:
    """Learn from traces that are over what the parts of a match's score should weigh, and see whether that is better.

    Nothing is changed: weights that are better are printed as a setting. The newest 5,000 traces are gone through.
    """
    configure_logging("warning")
    asyncio.run(_weights(Settings(), as_json=as_json))


async def _weights(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.effects.learning.past import PastReads
    from loopgraph.main import open_services
    from loopgraph.orchestrators.learning.weighing import Weighing

    async with open_services(settings, create=False) as services:
        weighing = Weighing(PastReads(services.graph), services.prompt_search, weights_of(settings.match_weights))
        with waiting_for("the prompts of all traces to be compared"):
            found = await weighing.weigh()
    if as_json:
        print_json({**found.model_dump(mode="json"), "setting": str(found.learned)})
        return
    _tell(found)


def _tell(found: Weighed) -> None:
    left_out = (
        f"; {counted(found.handed_out, 'trace')} that were handed a plan are left out" if found.handed_out else ""
    )
    out.print(
        f"{counted(found.traces, 'trace')} of {counted(found.sessions, 'session')} beside the learned patterns of before: "
        f"{counted(found.pairs, 'pair')}, of which {found.fitting:,} fit{left_out}",
        markup=False,
    )
    names = [part.value for part in MatchPart]
    print_table(
        out,
        [
            Column("weight of", names, left=True),
            Column("the seed's", [f"{getattr(SEED_WEIGHTS, name):.3f}" for name in names]),
            Column("in use", [f"{getattr(found.in_use, name):.3f}" for name in names]),
            Column("learned", [f"{getattr(found.learned, name):.3f}" for name in names]),
        ],
    )
    if found.reason is not Reason.TOO_FEW_SESSIONS:
        _tell_how_good(found)
    out.print(_advice(found), markup=False)


def _tell_how_good(found: Weighed) -> None:
    figures = {
        "log loss (less is better)": found.log_loss,
        "area under the curve": found.area,
        "first fits": found.first,
    }
    told = {name: figure for name, figure in figures.items() if figure is not None}
    if told:
        print_table(out, _columns(told))
    for whose, matched in (("seed's", found.seed_matches), ("learned", found.learned_matches)):
        if matched is not None:
            out.print(_matched(whose, matched), markup=False)


def _columns(told: dict[str, Figure]) -> list[Column]:
    figures = list(told.values())
    return [
        Column("on sessions not learned from", list(told), left=True),
        Column("the seed's", [f"{one.seed:.4f}" for one in figures]),
        Column("learned", [f"{one.learned:.4f}" for one in figures]),
        Column("difference", [f"{one.difference:+.4f}" for one in figures]),
        Column("at 95 %", [f"{one.low:+.4f} to {one.high:+.4f}" for one in figures]),
    ]


def _matched(whose: str, matched: Matched) -> str:
    share = f"{matched.fitting / matched.pairs:.0%}" if matched.pairs else "none"
    return f"by the {whose} weights {counted(matched.pairs, 'pair')} match at 0.70, of which {share} fit"


def _advice(found: Weighed) -> str:
    match found.reason:
        case None:
            return f"The learned weights are better. To use them:\nLOOPGRAPH_MATCH_WEIGHTS={found.learned}"
        case Reason.TOO_FEW_SESSIONS:
            return "Too few sessions to say whether the learned weights are better: 30 are needed. Leave the weights as they are."
        case Reason.NOTHING_FITS:
            return "No pattern fitted any prompt, so there is nothing to learn. Leave the weights as they are."
        case Reason.ALL_FIT:
            return "All patterns fitted all prompts, so there is nothing to learn. Leave the weights as they are."
        case Reason.NOT_SURELY_BETTER:
            return "The learned weights are not surely better. Leave the weights as they are."
