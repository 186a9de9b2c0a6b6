"""How the broker is reached, as the settings say; and its errors as ours."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import Iterator
from typing import Any, Final

from aiokafka.errors import KafkaError

from loopgraph.errors import BrokerUnavailable, InvalidSetting
from loopgraph.settings import KafkaSecurity, SaslMechanism, Settings

REQUEST_MS: Final = 10_000
"""So long the broker is waited for."""

_BROKER: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")
_LAST_PORT: Final = 65_535
_SASL: Final = (KafkaSecurity.SASL_PLAINTEXT, KafkaSecurity.SASL_SSL)
_TLS: Final = (KafkaSecurity.SSL, KafkaSecurity.SASL_SSL)


class Connection:
    """What every client of the brokers is made with."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidSetting, naming the setting, for what cannot be."""
        for broker in settings.kafka_brokers:
            if not _BROKER.fullmatch(broker) or not 0 < int(broker.rpartition(":")[2]) <= _LAST_PORT:
                raise InvalidSetting(f"LOOPGRAPH_KAFKA_BROKERS: {broker!r} is no broker; write HOST:PORT")
        self.brokers = ", ".join(settings.kafka_brokers)
        self._options: dict[str, Any] = {
            "bootstrap_servers": list(settings.kafka_brokers),
            "client_id": "loopgraph",
            "request_timeout_ms": REQUEST_MS,
            "retry_backoff_ms": 250,
            "security_protocol": settings.kafka_security.value.upper(),
        }
        if settings.kafka_security in _SASL:
            if not settings.kafka_user:
                raise InvalidSetting("LOOPGRAPH_KAFKA_USER is needed with LOOPGRAPH_KAFKA_SECURITY=sasl_…")
            self._options |= {
                "sasl_mechanism": _MECHANISMS[settings.kafka_sasl_mechanism],
                "sasl_plain_username": settings.kafka_user,
                "sasl_plain_password": _password(settings),
            }
        if settings.kafka_security in _TLS:
            self._options["ssl_context"] = _trust(settings)
        self._hosts = [broker.rpartition(":") for broker in settings.kafka_brokers]
        # It logs every attempt while a broker is away; that it is, is said once, by whoever waits for it.
        client = logging.getLogger("aiokafka")
        client.setLevel(logging.ERROR)
        client.propagate = False
        client.addHandler(_HEARD)

    @property
    def options(self) -> dict[str, Any]:
        """The options of a client; to be asked for in a running event loop."""
        return dict(self._options)

    @contextlib.contextmanager
    def speaking(self) -> Iterator[None]:
        """Raises BrokerUnavailable for errors of the client."""
        try:
            yield
        except (KafkaError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise BrokerUnavailable(f"Kafka at {self.brokers}: {self._why(error)}") from error

    def _why(self, error: BaseException) -> str:
        """Why there is no connection. The client's error does not say it, where it has tried all brokers; its log does."""
        words = _words(error)
        if not words.startswith("Unable to bootstrap"):
            return words
        heard = [_HEARD.why.get(f"{host.strip('[]')}:{port}") for host, _, port in self._hosts]
        return "; ".join(dict.fromkeys(filter(None, heard))) or words


class _Heard(logging.Handler):
    """Listens to what the client logs of connections that do not come about: ``why`` by ``HOST:PORT``, the latest."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.why: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the reason that a record gives."""
        match record.args:
            case (str(host), port, BaseException() as error):
                self.why[f"{host}:{port}"] = _words(error)


_HEARD: Final = _Heard()

_MECHANISMS: Final = {
    SaslMechanism.PLAIN: "PLAIN",
    SaslMechanism.SCRAM_SHA_256: "SCRAM-SHA-256",
    SaslMechanism.SCRAM_SHA_512: "SCRAM-SHA-512",
}


def _words(error: BaseException) -> str:
    name = type(error).__name__
    return str(error).removeprefix(name).lstrip(": ").strip() or f"no answer in time ({name})"


def _password(settings: Settings) -> str:
    file = settings.kafka_password_file
    if file is None:
        return settings.kafka_password.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"LOOPGRAPH_KAFKA_PASSWORD_FILE: {file} cannot be read ({error})") from error


def _trust(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:
        raise InvalidSetting(
            f"LOOPGRAPH_KAFKA_CA_FILE: {settings.kafka_ca_file} has no certificates ({error})"
        ) from error
    if settings.kafka_cert_file is not None:
        try:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
        except OSError as error:
            raise InvalidSetting(
                f"LOOPGRAPH_KAFKA_CERT_FILE: {settings.kafka_cert_file} with its key cannot be used ({error})"
            ) from error
    return context
