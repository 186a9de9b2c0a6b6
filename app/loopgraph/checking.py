"""Whether the settings can work: all that can be known of that before a graph is opened."""

from __future__ import annotations

import importlib.util
from typing import Final

from loopgraph.api.access.hosts import is_loopback
from loopgraph.api.http.serving.gate import check_names
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.errors import InvalidSetting
from loopgraph.settings import Settings

_EXPORTER = "opentelemetry.exporter.otlp.proto.http"

_NAMING: Final = ("embedding", "generator", "kafka_", "oidc_", "prices_", "success_", "watch")
"""What settings begin with that name something else, which may not be there."""


def check_settings(settings: Settings) -> None:
    """Raises InvalidSetting, naming the setting, for one that cannot work, alone or with others, or names what there is not."""
    check_names(settings)
    Privacy.configured(settings)
    if settings.oidc_issuer and not all(map(importlib.util.find_spec, ("jwt", "cryptography"))):
        raise InvalidSetting("LOOPGRAPH_OIDC_ISSUER needs an extra: pip install '.[oidc]' in Loopgraph's checkout")
    reached_by_others = settings.allowed_hosts or not is_loopback(settings.host.strip("[]").lower())
    if settings.oidc_client_id and not settings.public_url and reached_by_others:
        raise InvalidSetting(
            "LOOPGRAPH_PUBLIC_URL is needed with LOOPGRAPH_OIDC_CLIENT_ID: the provider leads browsers back there"
        )
    if settings.otlp_grpc_port is not None and importlib.util.find_spec("grpc") is None:
        raise InvalidSetting("LOOPGRAPH_OTLP_GRPC_PORT needs an extra: pip install '.[grpc]' in Loopgraph's checkout")
    if settings.kafka_brokers and importlib.util.find_spec("aiokafka") is None:
        raise InvalidSetting("LOOPGRAPH_KAFKA_BROKERS needs an extra: pip install '.[kafka]' in Loopgraph's checkout")
    if (settings.kafka_consume or settings.kafka_produce) and not settings.kafka_brokers:
        raise InvalidSetting(
            "LOOPGRAPH_KAFKA_BROKERS is needed with LOOPGRAPH_KAFKA_CONSUME and LOOPGRAPH_KAFKA_PRODUCE"
        )
    _check_topics(settings)
    if settings.otel_url:
        _check_telemetry(settings)
    if any(name.startswith(_NAMING) for name in settings.model_fields_set):
        from loopgraph.configured import check_named  # half a second, which a start need not wait for otherwise

        check_named(settings)


def _check_topics(settings: Settings) -> None:
    """What is read must not come of what is read: it would never end."""
    read = settings.kafka_consume
    for topic in dict.fromkeys(settings.dead_letters_of(topic) for topic in read):
        if topic in read:
            raise InvalidSetting(
                f"LOOPGRAPH_KAFKA_CONSUME: {topic} is where dead letters go, and cannot be read as well"
            )
    if settings.kafka_produce in read:
        raise InvalidSetting(
            f"LOOPGRAPH_KAFKA_CONSUME: {settings.kafka_produce} is published in, and cannot be read as well"
        )


def _check_telemetry(settings: Settings) -> None:
    try:
        is_there = importlib.util.find_spec("opentelemetry.sdk") and importlib.util.find_spec(_EXPORTER)
    except ModuleNotFoundError:
        is_there = None
    if is_there is None:
        raise InvalidSetting("LOOPGRAPH_OTEL_URL needs an extra: pip install '.[otel]' in Loopgraph's checkout")
