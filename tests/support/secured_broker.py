"""A broker that asks who comes: by TLS with a certificate of the client's own, and by SASL with a password."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.broker import Broker

USER: Final = "loopgraph"
PASSWORD: Final = "its-secret"

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PROPERTIES: Final = f"""\
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config={_PLAIN} required user_{USER}="{PASSWORD}";
listener.name.sasl_ssl.plain.sasl.jaas.config={_PLAIN} required user_{USER}="{PASSWORD}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={_SCRAM} required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={_SCRAM} required;
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config={_SCRAM} required;
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config={_SCRAM} required;
listener.name.ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={{folder}}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={{folder}}/ca.pem
"""


def authority(folder: Path, *names: str) -> None:
    """Makes an authority of one's own (``ca.pem``), and with each name a key and a certificate for 127.0.0.1 that it has signed:
    ``NAME.key``, ``NAME.crt``, and both in ``NAME.pem``."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _named("an authority of tests")
    own = _certificate(ca, ca, ca_key.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    root = own.sign(ca_key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for name in names:
        key = ec.generate_private_key(ec.SECP256R1())
        host = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        )
        signed = _certificate(_named(name), ca, key.public_key()).add_extension(host, False)
        certificate = signed.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        form = serialization.PrivateFormat.PKCS8
        secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        (folder / f"{name}.key").write_bytes(secret)
        (folder / f"{name}.crt").write_bytes(certificate)
        (folder / f"{name}.pem").write_bytes(secret + certificate)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


@contextlib.contextmanager
def secured_broker(folder: Path) -> Iterator[Broker]:
    """A broker with a listener for each kind of security until the end of the block; in the folder are ``ca.pem``, and
    ``client.crt`` with its key. Raises Unavailable."""
    authority(folder, "broker", "client")
    scram = [
        part
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for part in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")
    ]
    broker = Broker(folder, ("SSL", "SASL_PLAINTEXT", "SASL_SSL"), _PROPERTIES.format(folder=folder), scram)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()
