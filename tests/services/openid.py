"""A small real OpenID Connect provider on a free port: discovery, keys, codes with PKCE, signed ID tokens."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.services.processes import free_port

CLIENT, SECRET = "sangam-tests", "s3cret of the client"


class OpenIdProvider:
    """Signs in whomever `user` says, at once. `claims` and `algorithm` spoil the next ID token."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.user: dict[str, Any] = {}
        self.spoil: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.asked_for_keys = 0
        self._codes: dict[str, dict[str, str]] = {}
        self.new_key()
        routes = [
            Route("/.well-known/openid-configuration", self.discover),
            Route("/keys", self.keys),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    def new_key(self) -> None:
        """As providers do now and then."""
        self._key = rsa.generate_private_key(65537, 2048)
        self._key_id = secrets.token_hex(4)

    async def discover(self, _request: Request) -> Response:
        found = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return JSONResponse({"issuer": self.issuer} | {name: self.issuer + path for name, path in found.items()})

    async def keys(self, _request: Request) -> Response:
        self.asked_for_keys += 1
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return JSONResponse({"keys": [key | {"kid": self._key_id, "use": "sig", "alg": "RS256"}]})

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}", 302)

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if challenge.rstrip("=") != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"id_token": self._signed(asked["nonce"]), "access_token": "x", "token_type": "Bearer"})

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": nonce}
        key: Any = {"RS256": self._key, "HS256": SECRET * 2, "none": None}[self.algorithm]
        headers = {"kid": self._key_id}
        return jwt.encode(claims | self.user | self.spoil, key, self.algorithm, headers=headers)


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """A started one."""
    port = free_port()
    provider = OpenIdProvider(port)
    server = uvicorn.Server(uvicorn.Config(provider.app, port=port, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        _wait_until_started(server)
        yield provider
    finally:
        server.should_exit = True
        thread.join(20)


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the provider did not start"
        time.sleep(0.01)
