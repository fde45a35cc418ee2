"""Certificates for HTTPS: the owner's own, or one that this machine signs for itself.

A browser warns of a self-signed one, and rightly: the page's words on the terminal carry its fingerprint, so
that who accepts it can see that it is ours. The key stays in the user's data folder, readable by them alone.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.clock import epoch
from pipeline.errors import UserError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, GeneralName

DAYS = 397
"""That a certificate is good for; browsers refuse some that last longer."""
_RENEW = 7
_DAY = 86400.0
FILE = "self-signed.pem"


@dataclass(frozen=True, slots=True)
class Tls:
    """What a server needs to speak HTTPS."""

    context: ssl.SSLContext
    fingerprint: str = ""
    "SHA-256 of a self-signed certificate, as browsers show it."


def own_certificate(chain: Path, key: Path) -> Tls:
    """From the owner's files. Raises UserError."""
    context = _context()
    try:
        context.load_cert_chain(chain, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError, UserError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "they do not fit"
        raise UserError(
            f"the certificate {chain} and the key {key} cannot be used ({why}): give PEM files, the chain "
            "with the server's certificate first, and its key without a password"
        ) from None
    return Tls(context)


def self_signed(names: Sequence[str], folder: Path) -> Tls:
    """One for these host names and addresses, kept in ``folder`` until its time or its names have passed.

    Raises UserError where the folder cannot be written to, or ``cryptography`` is not installed.
    """
    file = folder / FILE
    try:
        found = _kept(file, names) or _made(file, names)
        context = _context()
        context.load_cert_chain(file)
    except ImportError:
        raise UserError("a certificate needs cryptography: pip install 'hocket[web]'") from None
    except (OSError, ssl.SSLError) as error:
        raise UserError(f"{file}: a certificate cannot be kept there ({error.strerror})") from None
    return Tls(context, found)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    raise UserError("the key has a password")


def _kept(file: Path, names: Sequence[str]) -> str:
    """The fingerprint of the one that is there, if it still serves; else nothing."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return ""
    has = {str(value) for value in told.get_values_for_type(x509.DNSName)}
    has |= {str(value) for value in told.get_values_for_type(x509.IPAddress)}
    lasts = found.not_valid_after_utc.timestamp() > epoch() + _RENEW * _DAY
    return _shown(found) if lasts and set(names) <= has else ""


def _made(file: Path, names: Sequence[str]) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hocket on this machine")])
    begins = datetime.datetime.fromtimestamp(epoch() - _DAY, datetime.UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(file, made.public_bytes(pem) + secret)
    return _shown(made)


def _general(name: str) -> GeneralName:
    from cryptography import x509

    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _shown(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _write(file: Path, data: bytes) -> None:
    """For its owner alone from the first byte on; whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        part.unlink()
    line = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(line, "wb") as out:
        out.write(data)
    part.replace(file)
