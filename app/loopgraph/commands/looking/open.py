"""``loopgraph open``: the console in a browser."""

from __future__ import annotations

import webbrowser

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.service_options import Url, address_option, health_of
from loopgraph.commands.terminal import err, out, plainly
from loopgraph.errors import SetupError


@plainly
def open_console(as_json: AsJson = False, url: Url = None) -> None:
    """Open the console of a running service in a browser; its address is printed, too. Exit code 3 where no browser is found."""
    address = f"{address_option(url)}/"
    if problem := health_of(address.removesuffix("/")):
        raise SetupError(f"the service at {address} {problem}")
    if not as_json:
        out.print(address, markup=False, soft_wrap=True)
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if as_json:
        print_json({"address": address, "opened": opened})
    if not opened:
        err.print("no browser is found here: open that address in one", markup=False)
        raise typer.Exit(ExitCode.CONDITION)
