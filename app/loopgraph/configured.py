"""What the settings name, made: prices, criteria of success, generators, models, rules. Nothing of it needs a graph."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from loopgraph.computes.learning.requests.lexical import Lexical
from loopgraph.computes.loop.proposing.proposals import BUILT_IN
from loopgraph.computes.pricing.own import OwnPrices
from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.access import Role
from loopgraph.contracts.identity import FAMILIES, BrowserClient, Trust
from loopgraph.contracts.learning.embeddings import Embedder
from loopgraph.contracts.loop.risk import Risk
from loopgraph.contracts.loop.watching import WatchRules
from loopgraph.effects.access.provider import is_private as is_private_provider
from loopgraph.effects.learning.embedding_endpoint import EmbeddingEndpoint
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.loop.endpoint import Endpoint, is_private
from loopgraph.effects.loop.generators import Generators
from loopgraph.errors import InvalidSetting, in_our_words
from loopgraph.orchestrators.loop.writing import ENDPOINT, Writer
from loopgraph.orchestrators.transcripts.clients import clients_named
from loopgraph.settings import Access, Embedding, Settings


def check_named(settings: Settings) -> None:
    """Raises InvalidSetting where settings name what there is not."""
    clients_named(settings.watch)
    generators(settings)
    embedders(settings)
    if settings.prices_file:
        price_list(settings)
    success_criteria(settings)
    if settings.kafka_brokers and importlib.util.find_spec("aiokafka") is not None:
        from loopgraph.effects.broker.connection import Connection  # it needs an extra

        Connection(settings)
    trusted(settings)


def price_list(settings: Settings) -> PriceList:
    """The list of prices. Raises InvalidSetting if one's own are not understood."""
    return PriceList(OwnPrices.read(settings.prices_file) if settings.prices_file else None)


def success_criteria(settings: Settings) -> OwnCriteria:
    """What success is. Raises InvalidSetting if one's own criteria are not understood."""
    return OwnCriteria.read(settings.success_file) if settings.success_file else OwnCriteria()


def trusted(settings: Settings) -> Trust | None:
    """Which JWTs of an identity provider are believed; None for none. Raises InvalidSetting for settings that cannot be meant."""
    issuer = settings.oidc_issuer
    if not issuer:
        if _given(settings, "oidc_"):
            raise InvalidSetting("LOOPGRAPH_OIDC_ISSUER is needed with the other settings of OIDC: who is trusted")
        return None
    if settings.access is not Access.TOKENS:
        raise InvalidSetting("LOOPGRAPH_OIDC_ISSUER needs LOOPGRAPH_ACCESS=tokens: else nobody is told apart")
    if not is_private_provider(issuer):
        raise InvalidSetting(
            "LOOPGRAPH_OIDC_ISSUER must be an address by https, or of loopback: who answers there is believed"
        )
    if not settings.oidc_audiences and not settings.oidc_client_id:
        raise InvalidSetting(
            "LOOPGRAPH_OIDC_AUDIENCES is needed with LOOPGRAPH_OIDC_ISSUER: else JWTs for others were taken, too"
        )
    if not settings.oidc_client_id and (of_client := {"oidc_client_secret", "oidc_scopes"} & _given(settings, "oidc_")):
        raise InvalidSetting(
            f"LOOPGRAPH_OIDC_CLIENT_ID is needed with LOOPGRAPH_{min(of_client).upper()}: else nobody signs in by it"
        )
    if settings.oidc_client_id and "openid" not in settings.oidc_scopes.split():
        raise InvalidSetting("LOOPGRAPH_OIDC_SCOPES must have openid among them: else nobody is vouched for")
    unknown = [name for name in settings.oidc_algorithms if name not in FAMILIES]
    if unknown or not settings.oidc_algorithms:
        said = unknown[0] if unknown else "nothing"
        raise InvalidSetting(f"LOOPGRAPH_OIDC_ALGORITHMS: {said} is not one of {', '.join(FAMILIES)}")
    if not settings.oidc_roles:
        raise InvalidSetting(
            "LOOPGRAPH_OIDC_ROLES is needed with LOOPGRAPH_OIDC_ISSUER: who may do what, such as *=viewer"
        )
    try:
        return Trust(
            issuer=issuer,
            audiences=settings.oidc_audiences,
            algorithms=settings.oidc_algorithms,
            name_claim=settings.oidc_name_claim,
            groups_claim=settings.oidc_groups_claim,
            roles=_pairs("ROLES", settings.oidc_roles),
            projects=_pairs("PROJECTS", settings.oidc_projects),
        )
    except ValidationError as error:
        first = error.errors()[0]
        name, at = str(first["loc"][0]), int(first["loc"][1])
        given = {"roles": settings.oidc_roles, "projects": settings.oidc_projects}[name][at]
        wanted = f"must be one of {', '.join(Role)}" if name == "roles" else in_our_words(first["msg"])
        raise InvalidSetting(f"LOOPGRAPH_OIDC_{name.upper()}: what {given!r} ends with {wanted}") from error


def _given(settings: Settings, prefix: str) -> set[str]:
    """The settings of this prefix that are not what they are without being set."""
    return {
        name
        for name, field in Settings.model_fields.items()
        if name.startswith(prefix) and getattr(settings, name) != field.default
    }


def _pairs(name: str, written: Sequence[str]) -> tuple[tuple[str, Any], ...]:
    """Groups, and what those of them are or have. Raises InvalidSetting."""
    pairs = []
    for text in written:
        group, equals, value = text.rpartition("=")
        if not (group.strip() and equals and value.strip()):
            raise InvalidSetting(f"LOOPGRAPH_OIDC_{name}: {text!r} is no pair; write it like GROUP=VALUE")
        pairs.append((group.strip(), value.strip()))
    return tuple(pairs)


def browser_client(settings: Settings) -> BrowserClient | None:
    """What the console is at the provider; None where nobody signs in by it."""
    if not settings.oidc_client_id:
        return None
    return BrowserClient(
        client_id=settings.oidc_client_id, secret=settings.oidc_client_secret, scopes=settings.oidc_scopes
    )


def generators(settings: Settings) -> Generators:
    """What proposes improvements. Raises InvalidSetting for an unknown name, and for an endpoint that cannot be asked."""
    known, names, deadline_s = dict(BUILT_IN), list(settings.generators), settings.generator_timeout_ms / 1000
    if settings.generator_url:
        key = settings.generator_key.get_secret_value()
        _check_endpoint("LOOPGRAPH_GENERATOR", settings.generator_url, settings.generator_model, key)
        endpoint = Endpoint(settings.generator_url, settings.generator_model, key, deadline_s)
        risk = Risk.MEDIUM if settings.generator_auto_apply else Risk.HIGH
        known[ENDPOINT] = Writer(endpoint, Privacy.configured(settings).redactor, risk).propose
        names = list(dict.fromkeys((*names, ENDPOINT)))
    return Generators.named(names, known, deadline_s)


def embedders(settings: Settings) -> list[Embedder]:
    """The models that embed prompts: that of the settings, then others at hand. Raises InvalidSetting for an endpoint that cannot
    be asked."""
    key, known = settings.embedding_key.get_secret_value(), dict[Embedding, Embedder]()
    known[Embedding.OFFLINE] = OfflineModel()
    if settings.embedding_url:
        _check_endpoint("LOOPGRAPH_EMBEDDING", settings.embedding_url, settings.embedding_model, key)
        timeout_s = settings.embedding_timeout_ms / 1000
        known[Embedding.ENDPOINT] = EmbeddingEndpoint(
            settings.embedding_url, settings.embedding_model, key, timeout_s, settings.embedding_version
        )
    if settings.embedding is Embedding.LETTERS:
        return [Lexical()]
    if settings.embedding not in known:
        raise InvalidSetting(
            "LOOPGRAPH_EMBEDDING_URL is needed with LOOPGRAPH_EMBEDDING=endpoint: the API that is asked"
        )
    return [known.pop(settings.embedding), *known.values()]


def watch_rules(settings: Settings) -> WatchRules:
    """By what versions are judged after they were applied."""
    return WatchRules(
        margin=settings.rollback_margin,
        rate_margin=settings.rollback_rate_margin,
        level=settings.rollback_level,
        max_units=settings.rollback_units,
        max_days=settings.rollback_days,
    )


def _check_endpoint(prefix: str, url: str, model: str, key: str) -> None:
    """Raises InvalidSetting for an endpoint of a language model that cannot be asked, or would be told a key in the open."""
    if not model:
        raise InvalidSetting(f"{prefix}_MODEL is needed with {prefix}_URL: the model that is to be asked")
    if key and not is_private(url):
        raise InvalidSetting(f"{prefix}_URL must be https, or loopback, where {prefix}_KEY is sent to it")
