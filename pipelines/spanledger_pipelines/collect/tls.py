"""The receiver's certificate, if it has one: read and tried before anything listens."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from spanledger_warehouse.errors import ConfigurationError


@dataclass(frozen=True)
class Tls:
    """PEM files.

    Attributes:
        certificate: the certificate, and what vouches for it up to its authority.
        key: its private key, without a passphrase.
    """

    certificate: Path
    key: Path


def checked(certificate: Path | None, key: Path | None) -> Tls | None:
    """The certificate to use; None for none.

    Raises:
        ConfigurationError: only one of the two is named, or they cannot be used together.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError("--tls-cert and --tls-key belong together; name both PEM files, or none")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_nobody_to_ask)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the certificate {certificate} with the key {key} cannot be used: {error}; name PEM files that "
            "belong together, the key without a passphrase"
        ) from error
    return Tls(certificate, key)


def _nobody_to_ask() -> str:
    """Without it, OpenSSL would ask the terminal for a passphrase, and wait."""
    raise ValueError("the key has a passphrase")
