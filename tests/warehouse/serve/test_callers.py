"""Tokens and JWTs: what counts, until when, and what is kept of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.warehouse.serve.conftest import Site

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.serve import tokens as tokens_module
from spanledger_warehouse.serve.callers import ADMIN, VIEWER, Door
from spanledger_warehouse.serve.jwts import Jwts, JwtSettings
from spanledger_warehouse.serve.problems import Forbidden, Unauthenticated
from spanledger_warehouse.serve.scopes import EVERYBODY, Scope
from spanledger_warehouse.serve.tokens import SessionToken, TokenFile

START = datetime(2026, 11, 1, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json", clock)


def test_a_token_carries_its_tenants_and_its_role(tokens: TokenFile) -> None:
    text, token = tokens.create("finance", role=VIEWER, tenants=["globex", "acme"], expires_in=None)
    caller = tokens.caller(text)
    assert caller is not None
    assert (caller.role, caller.scope) == (VIEWER, Scope(frozenset({"acme", "globex"})))
    assert caller.name == f"token {token.id} (finance)"
    admin = tokens.caller(tokens.create("ops", role=ADMIN, expires_in=None)[0])
    assert admin is not None
    assert admin.scope == EVERYBODY


def test_only_the_hash_of_a_secret_is_kept_and_only_its_owner_may_read_the_file(tokens: TokenFile) -> None:
    text, _ = tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=None)
    secret = text.split("_", 2)[2]
    assert secret not in tokens.path.read_text(encoding="utf-8")
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    assert len(secret) == 43, "256 bits"


@pytest.mark.parametrize(
    ("moved", "counts"),
    [
        (timedelta(days=1) - timedelta(seconds=1), True),
        (timedelta(days=1), False),
        (timedelta(days=1, seconds=1), False),
    ],
)
def test_a_token_counts_until_it_expires(
    tokens: TokenFile, clock: Clock, moved: timedelta, counts: bool
) -> None:
    text, token = tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=timedelta(days=1))
    clock.now = START + moved
    assert token.state(clock.now) == ("valid" if counts else "expired")
    if counts:
        assert tokens.caller(text)
        return
    with pytest.raises(Unauthenticated):
        tokens.caller(text)


def test_a_revoked_token_counts_no_more_in_a_server_that_knew_it(tokens: TokenFile, clock: Clock) -> None:
    text, token = tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=None)
    server = TokenFile(tokens.path, clock)
    assert server.caller(text)
    tokens.revoke("finance")
    with pytest.raises(Unauthenticated):
        server.caller(text)
    assert [one.state(clock.now) for one in server.tokens()] == ["revoked"]
    with pytest.raises(ConfigurationError, match="no valid token"):
        tokens.revoke(token.id)


def test_a_token_can_be_given_another_end(tokens: TokenFile, clock: Clock) -> None:
    text, token = tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=None)
    tokens.expire(token.id, START + timedelta(hours=1))
    assert tokens.caller(text)
    clock.now = START + timedelta(hours=1)
    with pytest.raises(Unauthenticated):
        tokens.caller(text)


def test_two_tokens_of_one_name_are_told_apart_by_id(tokens: TokenFile) -> None:
    tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=None)
    _, second = tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=None)
    with pytest.raises(ConfigurationError, match="2 valid tokens"):
        tokens.revoke("finance")
    assert tokens.revoke(second.id).id == second.id


@pytest.mark.parametrize(
    ("role", "tenants", "message"),
    [
        ("viewer", [], "at least one --tenant"),
        ("viewer", [""], "empty"),
        ("admin", ["acme"], "leave --tenant out"),
        ("owner", ["acme"], "choose one of: viewer, admin"),
    ],
)
def test_a_role_and_tenants_that_make_no_sense_are_refused(
    tokens: TokenFile, role: str, tenants: list[str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        tokens.create("finance", role=role, tenants=tenants, expires_in=None)
    assert not tokens.path.exists()


def test_a_wrong_secret_and_an_unknown_id_are_compared_alike(
    tokens: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both take one comparison in constant time, so neither an id nor a secret can be found by the clock."""
    text, token = tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=None)
    compared: list[tuple[str, str]] = []
    really = tokens_module.hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append((one, other))
        return really(one, other)

    monkeypatch.setattr(tokens_module.hmac, "compare_digest", watched)
    for wrong in (f"slt_{token.id}_{'A' * 43}", f"slt_{'0' * 12}_{'A' * 43}"):
        with pytest.raises(Unauthenticated) as refused:
            tokens.caller(wrong)
        assert (
            refused.value.detail == "the token is not known or no longer valid; ask the operator for another"
        )
    assert tokens.caller(text)
    assert len(compared) == 3
    assert {len(one) for pair in compared for one in pair} == {64}


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer nonsense", "Bearer slt_x_y", "Bearer a.b.c", "slt_"],
)
def test_what_is_no_token_of_anybody_is_refused(tokens: TokenFile, header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        Door(tokens).caller(header)


def test_a_damaged_token_file_admits_nobody_and_says_what_to_do(tokens: TokenFile) -> None:
    text, _ = tokens.create("finance", role=VIEWER, tenants=["acme"], expires_in=None)
    tokens.path.write_text('{"format": 1, "tokens": [{"id": 1}]}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="restore it"):
        tokens.caller(text)


def test_a_servers_own_token_is_an_administrators_and_in_no_file(tmp_path: Path) -> None:
    session = SessionToken()
    caller = session.caller(session.text)
    assert caller is not None
    assert caller.role == ADMIN
    assert session.caller(SessionToken().text) is None
    assert list(tmp_path.iterdir()) == []


def test_a_viewer_narrows_to_its_own_tenants_only(tokens: TokenFile) -> None:
    caller = tokens.caller(tokens.create("f", role=VIEWER, tenants=["acme"], expires_in=None)[0])
    assert caller is not None
    assert caller.narrowed(["acme"]) == caller.narrowed([]) == Scope(frozenset({"acme"}))
    with pytest.raises(Forbidden):
        caller.narrowed(["acme", "globex"])


# JWTs -----------------------------------------------------------------------------------------------------------

ISSUER, AUDIENCE = "https://login.example", "spanledger"
Sign = Callable[..., str]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public_pem(key: Any) -> bytes:
    """The public half, as an operator would configure it."""
    public: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public


def jwk(key: Any, kid: str) -> dict[str, Any]:
    """The public half as a JWK."""
    algorithm = (
        jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    )
    return json.loads(algorithm.to_jwk(key.public_key())) | {"kid": kid}


def claims(**changed: Any) -> dict[str, Any]:
    """Sound claims of a viewer; None leaves one out."""
    sound = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada@example",
        "exp": datetime.now(UTC) + timedelta(hours=1),
        "role": "viewer",
        "tenants": ["acme"],
    }
    return {name: value for name, value in (sound | changed).items() if value is not None}


@pytest.fixture
def jwts(tmp_path: Path, key: rsa.RSAPrivateKey) -> Jwts:
    file = tmp_path / "keys.pem"
    file.write_bytes(public_pem(key))
    return Jwts(JwtSettings(ISSUER, AUDIENCE, file))


def test_a_signed_jwt_carries_tenants_and_role(jwts: Jwts, key: rsa.RSAPrivateKey) -> None:
    caller = jwts.caller(jwt.encode(claims(), key, algorithm="RS256"))
    assert caller is not None
    assert (caller.name, caller.role, caller.scope) == ("jwt ada@example", VIEWER, Scope(frozenset({"acme"})))
    one = jwts.caller(jwt.encode(claims(tenants="globex"), key, algorithm="RS256"))
    assert one is not None
    assert one.scope == Scope(frozenset({"globex"}))
    admin = jwts.caller(jwt.encode(claims(role="admin", tenants=None), key, algorithm="RS256"))
    assert admin is not None
    assert admin.scope == EVERYBODY


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": datetime.now(UTC) - timedelta(hours=1)},
        {"exp": None},
        {"nbf": datetime.now(UTC) + timedelta(hours=1)},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"sub": None},
        {"role": None},
        {"role": "owner"},
        {"role": ["admin"]},
        {"tenants": None},
        {"tenants": []},
        {"tenants": [1]},
        {"tenants": [""]},
        {"tenants": {"acme": True}},
        {"role": "admin"},
        {"role": "admin", "tenants": ["acme", "*"]},
    ],
)
def test_a_jwt_with_unsound_claims_is_refused(
    jwts: Jwts, key: rsa.RSAPrivateKey, changed: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        jwts.caller(jwt.encode(claims(**changed), key, algorithm="RS256"))


def test_a_jwt_that_others_signed_or_nobody_is_refused(jwts: Jwts, key: rsa.RSAPrivateKey) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    forged = [
        jwt.encode(claims(), stranger, algorithm="RS256"),
        jwt.encode(claims(), None, algorithm="none"),
        jwt.encode(claims(), "a secret that is long enough for it.", algorithm="HS256"),
        jwt.encode(claims(), ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
    ]
    # The classic: the public key, which everybody has, as the secret of an HMAC.
    import base64
    import hmac

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    signed = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims(exp=4102444800))}"
    mac = hmac.new(public_pem(key), signed.encode(), "sha256").digest()
    forged.append(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")
    sound = jwt.encode(claims(), key, algorithm="RS256")
    forged.append(sound[:-6] + ("AAAAAA" if not sound.endswith("AAAAAA") else "BBBBBB"))
    for token in forged:
        with pytest.raises(Unauthenticated):
            jwts.caller(token)


def test_keys_are_chosen_by_id_and_exchanged_without_a_restart(
    tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    file = tmp_path / "jwks.json"
    other = ec.generate_private_key(ec.SECP256R1())
    file.write_text(json.dumps({"keys": [jwk(key, "one") | {"alg": "RS256"}]}), encoding="utf-8")
    jwts = Jwts(JwtSettings(ISSUER, AUDIENCE, file))
    by_two = jwt.encode(claims(), other, algorithm="ES256", headers={"kid": "two"})
    with pytest.raises(Unauthenticated):
        jwts.caller(by_two)
    both = {"keys": [jwk(key, "one") | {"alg": "RS256"}, jwk(other, "two") | {"alg": "ES256"}]}
    file.write_text(json.dumps(both), encoding="utf-8")
    assert jwts.caller(by_two)
    with pytest.raises(Unauthenticated):
        jwts.caller(jwt.encode(claims(), other, algorithm="ES256", headers={"kid": "one"}))
    file.write_text("{half", encoding="utf-8")
    assert jwts.caller(by_two), "a file in the middle of an exchange leaves the known keys"


@pytest.mark.parametrize(
    "content", ["", "nonsense", '{"keys": []}', '{"kty": "oct", "k": "c2VjcmV0"}', "private"]
)
def test_keys_that_are_none_are_refused_at_once(tmp_path: Path, key: rsa.RSAPrivateKey, content: str) -> None:
    file = tmp_path / "keys"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    file.write_text(private if content == "private" else content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read as public keys"):
        Jwts(JwtSettings(ISSUER, AUDIENCE, file))


def test_access_is_logged_without_secrets(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    client = site.client("acme-corp")
    token = client.headers["Authorization"].removeprefix("Bearer ")
    wrong = f"slt_{'0' * 12}_{'S' * 43}"
    with caplog.at_level(logging.DEBUG, logger="spanledger"):
        client.get("/api/v1/analytics/llm-costs/daily?days=1")
        client.get(f"/api/v1/analytics/llm-costs/daily?token={token}")
        client.get(f"/{token}")
        client.post("/api/v1/console", json={"sql": "select 'a secret of the caller'"})
        site.stranger.get("/api/v1/caller", headers={"Authorization": f"Bearer {wrong}"})
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("spanledger"))
    assert token.split("_", 2)[2] not in ours
    assert "S" * 43 not in ours
    assert "a secret of the caller" not in ours
    lines = [json.loads(record.message) for record in caplog.records if record.name == "spanledger.access"]
    assert [(line["route"], line["status"], line["role"]) for line in lines] == [
        ("/api/v1/analytics/llm-costs/daily", 200, "viewer"),
        ("/api/v1/analytics/llm-costs/daily", 422, "viewer"),
        (None, 404, None),
        ("/api/v1/console", 200, "viewer"),
        ("/api/v1/caller", 401, None),
    ]
    assert lines[0]["caller"].startswith(f"token {token.split('_')[1]}")
