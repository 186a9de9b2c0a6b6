"""How the broker is reached, as the settings say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from loopgraph.checking import check_settings
from loopgraph.effects.broker.connection import Connection
from loopgraph.effects.broker.membership import _message
from loopgraph.errors import BrokerUnavailable, InvalidSetting, SetupError
from loopgraph.settings import KafkaSecurity, SaslMechanism, Settings

SASL = {"kafka_security": KafkaSecurity.SASL_PLAINTEXT, "kafka_user": "loopgraph"}


def connection(**settings: Any) -> Connection:
    return Connection(Settings(kafka_brokers=("k1:9092", "[::1]:9092"), **settings))


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BROKERS": "k1:9092, k2:9092",
        "CONSUME": "pattern-usage-events",
        "SECURITY": "SASL_SSL",
        "SASL_MECHANISM": "SCRAM-SHA-256",
    }.items():
        monkeypatch.setenv(f"LOOPGRAPH_KAFKA_{name}", value)
    settings = Settings()
    assert settings.kafka_brokers == ("k1:9092", "k2:9092")
    assert settings.kafka_consume == ("pattern-usage-events",)
    assert settings.kafka_security is KafkaSecurity.SASL_SSL
    assert settings.kafka_sasl_mechanism is SaslMechanism.SCRAM_SHA_256


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        ({"kafka_consume": ("a", "b"), "kafka_dead_letters": "b"}, "b is where dead letters go"),
        ({"kafka_consume": ("a.dead-letters", "a")}, "a.dead-letters is where dead letters go"),
        ({"kafka_consume": ("a", "b"), "kafka_produce": "b"}, "b is published in"),
    ],
)
def test_what_comes_of_messages_is_not_read_as_messages(topics: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSetting, match=words):
        check_settings(Settings(kafka_brokers=("k1:9092",), **topics))


def test_a_port_that_cannot_be_is_no_brokers() -> None:
    with pytest.raises(InvalidSetting, match="HOST:PORT"):
        Connection(Settings(kafka_brokers=("k1:99999",)))


@pytest.mark.parametrize("sent_ms", [-1, 0, 10**15, 2**63 - 1])
def test_whatever_senders_take_for_an_instant_is_one(sent_ms: int) -> None:
    record = SimpleNamespace(topic="t", partition=0, offset=1, timestamp=sent_ms, key=None, value=b"{}", headers=())
    assert 1970 <= _message(record).sent_at.year <= 9999


def test_a_password_comes_from_the_settings_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from a file\n")
    options = connection(**SASL, kafka_password="given").options
    assert (options["sasl_mechanism"], options["sasl_plain_password"]) == ("SCRAM-SHA-512", "given")
    assert connection(**SASL, kafka_password_file=file).options["sasl_plain_password"] == "from a file"
    assert "sasl_plain_password" not in connection().options


def test_tls_is_with_the_authorities_of_the_system_or_those_of_a_file(tmp_path: Path) -> None:
    assert connection(kafka_security=KafkaSecurity.SSL).options["ssl_context"].check_hostname
    with pytest.raises(SetupError, match="LOOPGRAPH_KAFKA_CA_FILE"):
        connection(kafka_security=KafkaSecurity.SSL, kafka_ca_file=tmp_path / "none.pem")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"kafka_brokers": ("kafka",)}, "LOOPGRAPH_KAFKA_BROKERS"),
        ({"kafka_security": KafkaSecurity.SASL_SSL}, "LOOPGRAPH_KAFKA_USER"),
        ({**SASL, "kafka_password_file": Path("/nowhere/password")}, "LOOPGRAPH_KAFKA_PASSWORD_FILE"),
        ({"kafka_security": KafkaSecurity.SSL, "kafka_cert_file": Path("/nowhere/cert")}, "LOOPGRAPH_KAFKA_CERT_FILE"),
    ],
)
def test_what_cannot_be_is_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(SetupError, match=named):
        Connection(Settings(**{"kafka_brokers": ("k1:9092",), **settings}))


def test_topics_without_brokers_are_refused() -> None:
    with pytest.raises(SetupError, match="LOOPGRAPH_KAFKA_BROKERS is needed"):
        check_settings(Settings(kafka_produce="pattern.events"))


def test_errors_of_the_client_are_ours_and_name_the_brokers() -> None:
    with pytest.raises(BrokerUnavailable, match=r"Kafka at k1:9092, \[::1\]:9092: no way"), connection().speaking():
        raise KafkaConnectionError("no way")
