"""Calls to addresses that somebody else chose: no redirect, no proxy, and nowhere inside unless the operator allows it.

A name is looked up once, here, and the connection goes to the very address that was checked: a name that leads
elsewhere a moment later does not matter.
"""

import asyncio
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

SECONDS = 5.0
AT_ONCE = 16
MAX_URL = 2048
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Sent(msgspec.Struct, frozen=True):
    """`status` of the answer; 0 if there was none, and `note` says why."""

    status: int
    note: str

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Hosts:
    """Hosts that the operator named: `NAME` (its usual port) or `NAME:PORT`, `,` between them."""

    def __init__(self, given: str) -> None:
        self._hosts = frozenset(host.strip().lower() for host in given.split(",") if host.strip())

    def __bool__(self) -> bool:
        return bool(self._hosts)

    def allow(self, url: str) -> bool:
        """Only what was named: names are not looked up to decide it. False for what is no plain address, too."""
        if not is_plain(url):
            return False
        parts = urlsplit(url)
        name, port = (parts.hostname or "").lower(), parts.port
        usual = port is None or port == (443 if parts.scheme == "https" else 80)
        return (usual and name in self._hosts) or f"{name}:{port}" in self._hosts


def is_plain(url: str) -> bool:
    """Is it an address of http without a password, an odd character or an end?"""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or len(url) > MAX_URL:
        return False
    return not any(character <= " " or character in "\x7f\\" for character in url)


def is_public(address: str) -> bool:
    """Is it out in the world? What only looks so, by a mapping of one kind of address into another, is not."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class Outgoing:
    """One per process; makes its connections when first needed. `inside` may be called wherever they are."""

    def __init__(self, inside: Hosts) -> None:
        self._inside = inside
        self._session: aiohttp.ClientSession | None = None
        self._guarded: aiohttp.ClientSession | None = None

    def may_call(self, url: str) -> bool:
        """As far as it can be told without looking the name up: https anywhere outside, and what the operator named."""
        if self._inside.allow(url):
            return True
        host = urlsplit(url).hostname if is_plain(url) else None
        if host is None or urlsplit(url).scheme != "https":
            return False
        return is_public(host) if _is_address(host) else "." in host.rstrip(".")

    async def send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Sent:
        """Never raises; of the answer nothing but the status is read."""
        if not self.may_call(url):
            return Sent(0, "this address may not be called")
        try:
            async with self._session_for(url).request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return Sent(answer.status, "")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Sent(0, _told(error))

    def _session_for(self, url: str) -> aiohttp.ClientSession:
        if self._inside.allow(url):
            self._session = self._session or _session(None)
            return self._session
        self._guarded = self._guarded or _session(_PublicOnly())
        return self._guarded

    async def close(self) -> None:
        for session in (self._session, self._guarded):
            if session is not None:
                await session.close()


class _PublicOnly(AbstractResolver):
    """Looks names up, and refuses one that leads inside, be it among others."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        if not found or not all(is_public(str(address[0])) for *_, address in found):
            raise OSError(None, "the name leads to a private address")
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        pass


def _session(resolver: AbstractResolver | None) -> aiohttp.ClientSession:
    more: dict[str, Any] = {"resolver": resolver} if resolver else {}
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=AT_ONCE, force_close=True, use_dns_cache=False, **more),
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _told(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if "private address" in str(error):
        return "the name leads to a private address"
    return {
        aiohttp.ClientConnectorCertificateError: "its certificate cannot be trusted",
        aiohttp.ClientConnectorDNSError: "its name cannot be found",
        aiohttp.ClientConnectorError: "it cannot be reached",
    }.get(type(error), "it does not answer as a web server does")
