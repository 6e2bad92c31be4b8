"""Keys and certificates of simulated phones and of the hosts they trust, made once per process."""

from __future__ import annotations

import functools
import ssl
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

HOST_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "trusted-host.simulator")).upper()
"""HostID of the pair records that exist before any pairing."""
SYSTEM_BUID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "buid.simulator")).upper()
_VALID_FOR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key and its certificate, in PEM."""

    key: bytes
    certificate: bytes
    public_key: bytes
    """PKCS#1 ("RSA PUBLIC KEY"), the only format that libimobiledevice reads."""


@functools.cache
def device_identity() -> Identity:
    """Return the identity that all simulated phones share. No client compares them."""
    return _self_signed()


@functools.cache
def host_identity() -> Identity:
    """Return the identity used as both root and host in pair records made before any pairing."""
    return _self_signed()


def pair_record(wifi_address: str, *, tls: bool) -> dict[str, str | bytes]:
    """Return the pair record of an already trusted host. Without TLS, clients need only HostID."""
    record: dict[str, str | bytes] = {
        "HostID": HOST_ID,
        "SystemBUID": SYSTEM_BUID,
        "WiFiMACAddress": wifi_address,
        "EscrowBag": b"\0" * 32,
    }
    if tls:
        host = host_identity()
        record |= {
            "DeviceCertificate": device_identity().certificate,
            "HostCertificate": host.certificate,
            "HostPrivateKey": host.key,
            "RootCertificate": host.certificate,
            "RootPrivateKey": host.key,
        }
    return record


def host_certificates(record: Mapping[str, Any]) -> bytes:
    """Return the certificates in a pair record that its host may present, in PEM."""
    found = (record.get("RootCertificate"), record.get("HostCertificate"))
    return b"\n".join(certificate for certificate in found if isinstance(certificate, bytes))


@functools.lru_cache(maxsize=64)
def server_context(host_certificates: bytes) -> ssl.SSLContext:
    """Return the phone's TLS context, which requires a certificate of the paired host.

    Args:
        host_certificates: those that the host may present, in PEM. libimobiledevice presents the record's
            root, pymobiledevice3 its host certificate.

    Raises:
        ssl.SSLError: one of them is damaged.
        ValueError: the text is empty or not PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    device = device_identity()
    with tempfile.NamedTemporaryFile() as file:  # the ssl module loads keys only from files
        file.write(device.key + device.certificate)
        file.flush()
        context.load_cert_chain(file.name)
    context.load_verify_locations(cadata=host_certificates.decode("ascii"))
    # All names in a pairing's certificates are empty, so OpenSSL considers the host's certificate self-signed
    # and does not look for a root: the certificate itself must be trusted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _self_signed() -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    empty = x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(empty)
        .issuer_name(empty)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate=certificate.public_bytes(Encoding.PEM),
        public_key=key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    )
