"""The web page at ``/``: ES modules that a browser loads as they are, with nothing to build.

It shows what the GraphQL API knows and uses nothing but that API.

    index.html   the page, which loads app.js
    app.js       puts the shell and the page of the address together
    lib/         what has no looks: GraphQL, the address, formats, hooks; lib/map/ places and paints maps of the lineage
    parts/       components that pages share
    pages/       one module a page; pages/index.js has one entry for each
    style/       tokens (colours, sizes, light and dark), then what uses them
    vendor/      libraries of others, pinned by vendor.json, brought by ``python -m console.vendor`` of the tests

Its operation documents are ``graphql/operations/console/*.graphql``, tested like all others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
