"""``loopgraph sessions``: the sessions of agents, as a running service tells them."""

from __future__ import annotations

from typing import Final

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.looking.options import Asked, First, moment_of
from loopgraph.commands.service_options import TokenEnv, Url
from loopgraph.commands.tables import Column, print_table
from loopgraph.commands.terminal import out, plainly, shown

_PAGE: Final = """query ($first: Int!) {
  sessions(first: $first) {
    edges { node { sessionId startedAt createdAt endedAt client clientVersion model project cwd } }
  }
}"""


@plainly
def sessions(first: First = 20, as_json: AsJson = False, url: Url = None, token_env: TokenEnv = None) -> None:
    """List the sessions of agents, the newest first; `loopgraph traces list --session ID` lists the prompts of one."""
    page = Asked(url, token_env).read(_PAGE, first=first)
    found = [edge["node"] for edge in page["edges"]]
    if as_json:
        print_json(found)
    elif not found:
        out.print("there are no sessions")
    else:
        print_table(
            out,
            [
                Column("session", [shown(one["sessionId"]) for one in found], left=True),
                Column("began", [moment_of(one["startedAt"] or one["createdAt"]) for one in found], rank=1, left=True),
                Column("ended", [moment_of(one["endedAt"]) for one in found], rank=3, left=True),
                Column("client", [shown(one["client"] or "") for one in found], rank=2, left=True),
                Column("model", [shown(one["model"] or "") for one in found], rank=4, left=True),
                Column("project", [shown(one["project"] or one["cwd"] or "") for one in found], rank=5, left=True),
            ],
        )
