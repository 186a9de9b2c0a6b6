"""Where the service is taken to be."""

from __future__ import annotations

import pytest

from loopgraph.clients.address import service_url
from loopgraph.settings import Settings


def test_it_is_where_the_service_listens_by_default() -> None:
    settings = Settings()
    assert service_url({}) == f"http://{settings.host}:{settings.port}"


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"LOOPGRAPH_PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"LOOPGRAPH_HOST": "0.0.0.0", "LOOPGRAPH_PORT": "9000"}, "http://127.0.0.1:9000"),  # noqa: S104 - asked, not bound
        ({"LOOPGRAPH_HOST": "::"}, "http://[::1]:8053"),
        ({"LOOPGRAPH_HOST": "box.example"}, "http://box.example:8053"),
        ({"LOOPGRAPH_URL": "https://loops.example", "LOOPGRAPH_PORT": "9000"}, "https://loops.example"),
        ({"LOOPGRAPH_URL": "", "LOOPGRAPH_PORT": ""}, "http://127.0.0.1:8053"),
    ],
)
def test_the_address_outweighs_the_port_and_the_port_the_default(environ: dict[str, str], url: str) -> None:
    assert service_url(environ) == url
