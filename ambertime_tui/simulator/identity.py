"""Keys and certificates of simulated phones and of hosts that they trust, made once in a process."""

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
"""The host of pair records that exist before any pairing."""
SYSTEM_BUID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "buid.simulator")).upper()
_VALID_FOR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Identity:
    """One private key and its certificate, in PEM."""

    key: bytes
    certificate: bytes
    public_key: bytes
    """PKCS#1 ("RSA PUBLIC KEY"), the only form that libimobiledevice reads."""


@functools.cache
def device_identity() -> Identity:
    """What simulated phones identify themselves with; one for all, since nobody compares them."""
    return _self_signed()


@functools.cache
def host_identity() -> Identity:
    """Root and host in one, for pair records that were there before."""
    return _self_signed()


def pair_record(wifi_address: str, *, tls: bool) -> dict[str, str | bytes]:
    """The record of a host that the phone trusts already. Without TLS, HostID is all that clients need."""
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
    """The certificates in a pair record that its host may show, in PEM one after the other."""
    found = (record.get("RootCertificate"), record.get("HostCertificate"))
    return b"\n".join(certificate for certificate in found if isinstance(certificate, bytes))


@functools.lru_cache(maxsize=64)
def server_context(host_certificates: bytes) -> ssl.SSLContext:
    """How the phone answers a TLS handshake: it demands a certificate of the host that it paired with.

    Args:
        host_certificates: those that the host may show, in PEM. libimobiledevice shows the record's root,
            pymobiledevice3 its host certificate.

    Raises:
        ssl.SSLError: one of them is damaged.
        ValueError: there are none, or this is not PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    device = device_identity()
    with tempfile.NamedTemporaryFile() as file:  # the ssl module loads a key from a file only
        file.write(device.key + device.certificate)
        file.flush()
        context.load_cert_chain(file.name)
    context.load_verify_locations(cadata=host_certificates.decode("ascii"))
    # All names in a pairing's certificates are empty, so OpenSSL takes the host's for self-signed and seeks
    # no root: it has to be trusted itself.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _self_signed() -> Identity:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    nobody = x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(nobody)
        .issuer_name(nobody)
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
