"""With a certificate both ports speak TLS; one that cannot be used is refused before anything listens."""

from __future__ import annotations

import ipaddress
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace.export import SpanExportResult
from tests.pipelines.collect.receivers import command_line, ended_spans, environment, receiver
from tests.warehouse.records import span, write_records

PASSPHRASE = serialization.BestAvailableEncryption(b"secret")


def certificate(folder: Path, encryption: serialization.KeySerializationEncryption) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "spanledger tests")])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return paths


def test_exporters_and_the_shipper_send_over_tls_and_nobody_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # requests puts these before the certificate that the exporter is given.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    public, key = certificate(tmp_path, serialization.NoEncryption())
    write_records(tmp_path / "spool" / f"{'ab' * 16}-000001.jsonl", [span(1), span(2)])
    options = ("--tls-cert", str(public), "--tls-key", str(key))
    with receiver(tmp_path / "home", *options, grpc=True) as running:
        url = running.url.replace("http:", "https:")
        http = HttpExporter(f"{url}/v1/traces", certificate_file=str(public))
        assert http.export(ended_spans(3)) is SpanExportResult.SUCCESS
        http.shutdown()
        rpc = GrpcExporter(
            f"https://{running.grpc}", credentials=grpc.ssl_channel_credentials(public.read_bytes())
        )
        assert rpc.export(ended_spans(4)) is SpanExportResult.SUCCESS
        rpc.shutdown()
        ship = command_line("ship", "--to", url, "--spool", str(tmp_path / "spool"), "--once")
        subprocess.run(ship, env=environment() | {"SSL_CERT_FILE": str(public)}, check=True, timeout=60)
        with pytest.raises(httpx.HTTPError):
            running.get("/health")
        assert len(running.records()) == 3 + 4 + 2


def refused(tmp_path: Path, *options: str) -> str:
    done = subprocess.run(
        command_line("collect", "--home", str(tmp_path), *options),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    return done.stderr


def test_a_certificate_that_cannot_be_used_is_refused_in_words(tmp_path: Path) -> None:
    public, key = certificate(tmp_path, PASSPHRASE)
    assert "--tls-cert and --tls-key belong together" in refused(tmp_path, "--tls-cert", str(public))
    both = ("--tls-cert", str(public), "--tls-key", str(key))
    assert "the key has a passphrase" in refused(tmp_path, *both)
    key.write_text("no key")
    assert "cannot be used" in refused(tmp_path, *both)
