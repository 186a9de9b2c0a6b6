"""Which JWTs are believed: signed by keys of a provider that is asked over real HTTP, and attacked as those are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from loopgraph.configured import browser_client, trusted
from loopgraph.contracts.access import Role
from loopgraph.effects.access.provider import LARGEST, ProviderCalls
from loopgraph.effects.clock import now
from loopgraph.errors import Forbidden, ProviderUnavailable, SetupError, Unauthenticated
from loopgraph.orchestrators.access import identity_provider
from loopgraph.orchestrators.access.identity_provider import IdentityProvider
from loopgraph.settings import Access, Settings
from support.identity_provider import AUDIENCE, StandIn, settings_of, stand_in


@pytest.fixture
async def provider() -> AsyncIterator[StandIn]:
    async with stand_in() as provider:
        yield provider


def knowing(provider: StandIn, **others: Any) -> IdentityProvider:
    """What a process that has just started knows of it."""
    given = {**settings_of(provider), "access": Access.TOKENS, **others}
    settings = Settings(**{**given, "oidc_client_secret": SecretStr(given["oidc_client_secret"])})
    trust = trusted(settings)
    assert trust is not None
    return IdentityProvider(ProviderCalls(trust.issuer), trust, browser_client(settings))


async def refused(known: IdentityProvider, token: str) -> str:
    """Why a token is not believed."""
    with pytest.raises(Unauthenticated) as raised:
        await known.principal(token)
    return str(raised.value)


@pytest.mark.lengthy
async def test_who_is_vouched_for_is_what_its_groups_are(provider: StandIn) -> None:
    known = knowing(provider)
    ann = await known.principal(provider.token())
    assert (ann.subject, ann.roles, ann.projects) == ("ann", (Role.MEMBER.value,), ("shop", "common"))
    eve = await known.principal(provider.token(sub="eve", groups=["sre", "*"]))
    assert (eve.subject, eve.roles, eve.projects) == ("eve", ("operator", "reviewer"), ("common",))
    for groups in ([], ["sales"], ["*"], None, "", {"engineers": True}, [["engineers"]]):
        with pytest.raises(Forbidden, match="is in no group that may use this service"):
            await known.principal(provider.token(groups=groups))
    assert provider.asked_for_keys == 1
    everybody = knowing(provider, oidc_roles=("*=viewer",))
    assert (await everybody.principal(provider.token(groups=None))).roles == ("viewer",)
    nested = knowing(provider, oidc_groups_claim="realm_access.roles")
    assert (await nested.principal(provider.token(groups=None, realm_access={"roles": ["sre"]}))).roles[0] == "operator"


@pytest.mark.lengthy
async def test_the_claim_that_names_somebody_has_to_be_theirs(provider: StandIn) -> None:
    known = knowing(provider, oidc_name_claim="email")
    ann = await known.principal(provider.token(email="ann@example.org", email_verified=True))
    assert ann.subject == "ann@example.org"
    for verified in (None, False, "true", 1):
        assert "verified" in await refused(known, provider.token(email="ann@example.org", email_verified=verified))
    known = knowing(provider)
    for name in ("", " ", "ann ", "a\nb", "x" * 256, 7, ["ann"]):
        token = provider.signed("first", {**provider.claims(), "sub": name})
        assert "can name somebody" in await refused(known, token) or not isinstance(name, str), name


@pytest.mark.lengthy
async def test_what_is_for_others_or_of_others_or_over_is_not_believed(provider: StandIn) -> None:
    known, at = knowing(provider), now()
    for words, others in (
        ("its aud is another", {"aud": "another"}),
        ("its aud is another", {"aud": ["x", "y"]}),
        ("has no aud", {"aud": None}),
        ("is not of", {"iss": "https://elsewhere.example.org"}),
        ("is not of", {"iss": f"{provider.url}/"}),
        ("has no iss", {"iss": None}),
        ("has expired", {"exp": at - timedelta(minutes=2)}),
        ("has no exp", {"exp": None}),
        ("is no time", {"exp": "tomorrow"}),
        *(("is no time", {name: 10**400}) for name in ("exp", "nbf", "iat")),
        ("is no time", {"exp": float("inf")}),
        ("does not hold yet", {"nbf": at + timedelta(minutes=5)}),
        ("does not hold yet", {"iat": at + timedelta(hours=5)}),
    ):
        told = await refused(known, provider.token(**others))
        assert words in told or told == "the token cannot be read, or its key not used", (others, told)
    lenient = provider.token(exp=at - timedelta(seconds=20), nbf=at + timedelta(seconds=20), aud=["x", AUDIENCE])
    assert (await known.principal(lenient)).subject == "ann"  # clocks differ


@pytest.mark.lengthy
async def test_how_a_token_says_that_it_is_signed_is_not_believed(provider: StandIn) -> None:
    provider.add_key("rsa", bits=2048)
    provider.add_key("weak", bits=1024)
    known = knowing(provider)
    assert (await known.principal(provider.token("rsa"))).subject == "ann"
    claims = {name: int(at.timestamp()) if name in ("iat", "exp") else at for name, at in provider.claims().items()}
    unsigned = jwt.encode(claims, None, "none", {"kid": "first"})
    assert "not signed in a way that is allowed" in await refused(known, unsigned)
    public = provider.keys["rsa"].public_key()
    for form in (serialization.Encoding.PEM, serialization.Encoding.DER):
        as_secret = public.public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo)
        header, body = (_part({"alg": "HS256", "kid": "rsa", "typ": "JWT"}), _part(claims))
        mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            f"{header}.{body}".encode(), as_secret
        )
        confused = f"{header}.{body}.{jwt.utils.base64url_encode(mac).decode()}"
        assert "not signed in a way that is allowed" in await refused(known, confused)
    of_the_first = provider.signed("first", claims)
    for header_of_another in (
        {"alg": "ES256", "kid": "rsa"},
        {"alg": "RS256", "kid": "first"},
        {"alg": "ES384", "kid": "first"},
    ):
        _, body, signature = of_the_first.split(".")
        assert await refused(known, f"{_part(header_of_another)}.{body}.{signature}")
    head, body, signature = of_the_first.split(".")
    more = _part({**claims, "groups": ["sre"]})
    assert "signature" in await refused(known, f"{head}.{more}.{signature}")
    assert await refused(known, provider.signed("first", claims, crit=["what"], what=1))
    assert await refused(known, provider.signed("weak", claims))
    embedded = provider.signed("first", claims, jwk={"kty": "oct", "k": "AAAA"}, jku="https://elsewhere.example.org")
    assert (await known.principal(embedded)).subject == "ann"  # what it says of keys is not read
    for nothing in ("a.b.c", "..", f"{head}..", f"{head}.{body}.", "x" * 20_000, f"{head}.{body}.{signature}.x.y"):
        assert await refused(known, nothing)


def _part(value: Any) -> str:
    return jwt.utils.base64url_encode(json.dumps(value).encode()).decode()


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_keys_that_are_rotated_are_asked_for_and_not_too_often(
    provider: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = knowing(provider)
    await known.principal(provider.token())
    provider.add_key("second")
    assert provider.asked_for_keys == 1
    monkeypatch.setattr(identity_provider, "PAUSE_S", 3_600.0)
    for _ in range(20):  # whoever makes up names of keys has none asked for
        assert "does not have" in await refused(known, provider.signed("second", provider.claims()))
    assert provider.asked_for_keys == 1
    monkeypatch.setattr(identity_provider, "PAUSE_S", 0.0)
    several = await asyncio.gather(*(known.principal(provider.token("second")) for _ in range(20)))
    assert ({one.subject for one in several}, provider.asked_for_keys) == ({"ann"}, 2)  # once for all of them
    taken_back = provider.token("first")
    del provider.keys["first"]
    monkeypatch.setattr(identity_provider, "FRESH_S", -1.0)
    assert (await known.principal(provider.token("second"))).subject == "ann"  # and has them asked for beside it
    assert known._fetching is not None
    await known._fetching
    assert "does not have" in await refused(known, taken_back)


@pytest.mark.lengthy
async def test_without_the_provider_what_is_known_is_known(provider: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    known, new = knowing(provider), knowing(provider)
    await known.principal(provider.token())
    provider.add_key("second")
    provider.is_down = True
    monkeypatch.setattr(identity_provider, "PAUSE_S", 0.0)
    monkeypatch.setattr(identity_provider, "FRESH_S", -1.0)
    assert (await known.principal(provider.token("first"))).subject == "ann"
    assert "expired" in await refused(known, provider.token("first", exp=now() - timedelta(hours=1)))
    for process, kid in ((known, "second"), (new, "first")):
        with pytest.raises(ProviderUnavailable) as raised:
            await process.principal(provider.token(kid))
        assert raised.value.retry_after_s > 0
    monkeypatch.setattr(identity_provider, "KEPT_S", -1.0)  # as if it had been down for a day
    with pytest.raises(ProviderUnavailable):
        await known.principal(provider.token("first"))
    provider.is_down = False
    assert (await new.principal(provider.token("first"))).subject == "ann"


@pytest.mark.lengthy
async def test_a_provider_that_fails_is_not_asked_by_everybody(
    provider: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_provider, "PAUSE_S", 3_600.0)
    provider.answers_with = b"[]"
    known = knowing(provider)
    for _ in range(5):
        with pytest.raises(ProviderUnavailable, match="no set of keys"):
            await known.principal(provider.token())
    assert provider.asked_for_keys == 1


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "answer", [b'{"keys": [' + b" " * LARGEST + b"]}", b"not JSON", b"[" * 100_000, b"{}", b'{"keys": {}}']
)
async def test_keys_that_are_none_are_no_answer(provider: StandIn, answer: bytes) -> None:
    provider.answers_with = answer
    with pytest.raises(ProviderUnavailable):
        await knowing(provider).principal(provider.token())


@pytest.mark.lengthy
async def test_of_many_keys_those_that_are_none_are_passed_over(provider: StandIn) -> None:
    known = knowing(provider)
    first = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(provider.keys["first"].public_key()))
    odd = [
        {},
        7,
        {"kty": "oct", "k": "AAAA", "kid": "first"},
        {"kty": "RSA", "kid": "first"},
        {**first, "use": "enc"},
        {"kty": []},
    ]
    provider.answers_with = json.dumps({"keys": [*odd, {**first, "kid": "first"}]}).encode()
    assert (await known.principal(provider.token())).subject == "ann"


@pytest.mark.lengthy
async def test_it_must_be_the_issuer_that_was_named(provider: StandIn) -> None:
    known = knowing(provider, oidc_issuer=provider.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(ProviderUnavailable, match="another issuer"):
        await known.principal(provider.token())


@pytest.mark.lengthy
@pytest.mark.parametrize("address", ["https://[", "http://localhost:99999/keys", "https://xn--a/keys", "https://"])
async def test_an_address_of_keys_that_is_none_is_no_answer_whoever_asks(
    provider: StandIn, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, told = knowing(provider), await ProviderCalls(provider.url).describe()

    async def misleading(*_: Any, **__: Any) -> Any:
        return {**told.model_dump(mode="json"), "jwks_uri": address}

    monkeypatch.setattr(ProviderCalls, "_json", misleading)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="names an address that is none"):
            await known.principal(provider.token())


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"access": Access.OPEN}, "LOOPGRAPH_ACCESS=tokens"),
        ({"oidc_issuer": "http://id.example.org"}, "must be an address by https"),
        ({"oidc_issuer": "https://["}, "must be an address by https"),
        ({"oidc_issuer": "https://id:abc"}, "must be an address by https"),
        ({"oidc_scopes": "profile"}, "must have openid"),
        ({"oidc_issuer": ""}, "LOOPGRAPH_OIDC_ISSUER is needed"),
        (
            {"oidc_client_id": "", "oidc_audiences": ("a",)},
            "LOOPGRAPH_OIDC_CLIENT_ID is needed with LOOPGRAPH_OIDC_CLIENT_SECRET",
        ),
        ({"oidc_audiences": (), "oidc_client_id": ""}, "LOOPGRAPH_OIDC_AUDIENCES is needed"),
        ({"oidc_algorithms": ("RS256", "HS256")}, "HS256 is not one of"),
        ({"oidc_algorithms": ("none",)}, "none is not one of"),
        ({"oidc_roles": ()}, "LOOPGRAPH_OIDC_ROLES is needed"),
        ({"oidc_roles": ("sre=boss",)}, "must be one of viewer"),
        ({"oidc_roles": ("sre",)}, "write it like GROUP=VALUE"),
        ({"oidc_projects": ("sre=a/b",)}, "must be the name of a project"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(others: dict[str, Any], words: str) -> None:
    given = {**settings_of(StandIn(url="https://id.example.org")), "access": Access.TOKENS, **others}
    given["oidc_client_secret"] = SecretStr("x")
    with pytest.raises(SetupError, match=words):
        trusted(Settings(**given))


@pytest.mark.parametrize(
    "alone",
    [
        {"oidc_client_secret": SecretStr("x")},
        {"oidc_projects": ("sre=shop",)},
        {"oidc_name_claim": "email"},
        {"oidc_algorithms": ("RS256",)},
    ],
)
def test_a_setting_of_a_provider_that_is_not_named_is_refused(alone: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match="LOOPGRAPH_OIDC_ISSUER is needed"):
        trusted(Settings(**alone))
