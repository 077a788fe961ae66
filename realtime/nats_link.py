"""One connection to a NATS broker, from dialling to its loss. It never mends itself: its owner dials anew.

The library mends connections by itself, but gives up for good on any error line of the broker, and hangs on a broker
that has stopped reading. So its mending is off, `ping` notices a silent broker, and `abort` ends the socket first.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Iterator, Set
from urllib.parse import urlsplit

from nats import errors
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from realtime.errors import FanoutUnavailable
from realtime.nats_wire import Receive, deliver_to, is_quick, shorten, write

DIAL_SECONDS = 3.0
ANSWER_SECONDS = 2.0
"""A broker that does not answer a ping for so long is gone."""
_NEVER_SECONDS = 10**6
_CLOSE_SECONDS = 1.0
_PENDING_BYTES = 2**20
_NEVER_FULL_BYTES = 2**40
_log = logging.getLogger(__name__)


class NatsLink:
    """Owned by whoever dialled it; `abort` or `close` ends it. `lost` is set when the broker is gone."""

    def __init__(self, client: Client, lost: asyncio.Event) -> None:
        self.lost = lost
        self._client = client
        self._subscriptions: dict[str, Subscription] = {}
        self._pings: set[asyncio.Task[float]] = set()

    @classmethod
    async def dial(cls, url: str, name: str, receive: Receive | None = None) -> "NatsLink":
        """Connect to one of the addresses in `url` (with `,` between them). Raises FanoutUnavailable.

        With `receive` everything that comes goes there, so requests and JetStream are for links without.
        """
        lost, why = asyncio.Event(), _Reason()
        client = Client()
        if receive is not None:
            receive = _safely(receive)
            client.msg_class = deliver_to(receive)  # type: ignore[assignment]
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                await client.connect(
                    _addresses(url),
                    name=name,
                    error_cb=why.keep,
                    disconnected_cb=_setter(lost),
                    closed_cb=_setter(lost),
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=2,
                    ping_interval=_NEVER_SECONDS,
                    no_echo=True,
                    pending_size=_NEVER_FULL_BYTES,
                )
        except (OSError, errors.Error, ValueError, TimeoutError) as error:
            _cut(client)
            raise FanoutUnavailable(f"no NATS server at {shown(url)}: {why.text(error)}") from error
        except BaseException:
            _cut(client)
            raise
        if receive is not None:
            shorten(client, receive)
        return cls(client, lost)

    @property
    def max_payload(self) -> int:
        return self._client.max_payload

    @property
    def server(self) -> str:
        """The broker's version."""
        version = self._client.connected_server_version
        return f"{version.major}.{version.minor}.{version.patch}"

    @property
    def is_lost(self) -> bool:
        return self.lost.is_set() or self._client.is_closed

    @property
    def subjects(self) -> Set[str]:
        return self._subscriptions.keys()

    async def subscribe(self, subject: str) -> None:
        """Ask for a subject; `settle` confirms. Raises FanoutUnavailable."""
        if subject not in self._subscriptions:
            with _told():
                self._subscriptions[subject] = await self._client.subscribe(subject)

    async def unsubscribe(self, subject: str) -> None:
        """Raises FanoutUnavailable."""
        if subscription := self._subscriptions.pop(subject, None):
            with _told():
                await subscription.unsubscribe()

    @property
    def is_quick(self) -> bool:
        """Whether `publish_at_once` may be used: the broker takes what it gets."""
        return not self.is_lost and is_quick(self._client)

    def publish_at_once(self, subject: str, data: bytes) -> None:
        """Hand on without waiting."""
        write(self._client, subject, data)

    async def publish(self, subject: str, data: bytes) -> None:
        """Hand on; waits while the broker does not read. Raises FanoutUnavailable.

        The library's own waiting cannot be cancelled, so its buffer is never let that far.
        """
        while self._client.pending_data_size > _PENDING_BYTES and not self.is_lost:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        with _told():
            await self._client.publish(subject, data)

    async def request(self, subject: str, data: bytes, seconds: float) -> bytes:
        """Raises FanoutUnavailable."""
        with _told():
            return (await self._client.request(subject, data, timeout=seconds)).data

    def jetstream(self) -> JetStreamContext:
        return self._client.jetstream(timeout=ANSWER_SECONDS)

    async def settle(self, seconds: float = ANSWER_SECONDS) -> None:
        """Return when the broker has taken all that was asked before. Raises FanoutUnavailable if it does not answer.

        The library's own ping may overtake what waits to be written, so that is waited for first. A ping that is given
        up would make the library stumble over its answer, so it is left alone even when its waiter is cancelled.
        """
        with _told():
            async with asyncio.timeout(seconds) as limit:
                while self._client.pending_data_size and not self.is_lost:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            left = (limit.when() or 0.0) - asyncio.get_running_loop().time()
            ping = asyncio.create_task(self._client.rtt(_NEVER_SECONDS))
            self._pings.add(ping)
            ping.add_done_callback(self._forget)
            done, _ = await asyncio.wait([ping], timeout=max(left, 0.01))
            if not done:
                raise TimeoutError
            ping.result()

    def _forget(self, ping: asyncio.Task[float]) -> None:
        self._pings.discard(ping)
        if not ping.cancelled():
            ping.exception()

    async def close(self) -> None:
        """Hand on what waits, if the broker takes it at once, then end."""
        with contextlib.suppress(FanoutUnavailable):
            await self.settle(_CLOSE_SECONDS / 2)
        await self.abort()

    async def abort(self) -> None:
        """End now; what waits is dropped."""
        self.lost.set()
        _cut(self._client)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._client.close()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Every failure of the library is one of ours."""
    try:
        yield
    except (OSError, errors.Error, TimeoutError) as error:
        raise FanoutUnavailable(f"the NATS server is gone: {error or 'no answer'}") from error


class _Reason:
    """What the library said last; it raises less than it tells."""

    def __init__(self) -> None:
        self._last: Exception | None = None

    async def keep(self, error: Exception) -> None:
        self._last = error

    def text(self, error: BaseException) -> str:
        """A sentence's end without quotes of the broker's."""
        if isinstance(error, errors.NoServersError | TimeoutError) and self._last is not None:
            error = self._last
        if isinstance(error, TimeoutError):
            return "it does not answer"
        if isinstance(error, OSError) and error.errno:
            return (os.strerror(error.errno) if error.errno > 0 else str(error.strerror)).lower()
        return str(error).removeprefix("nats: ").strip("'\" ") or type(error).__name__


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel until they end: the library, and the waiting of older Pythons, swallow a cancellation at times."""
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=0.1)


def shown(url: str) -> str:
    """The addresses without user and password."""
    parts = [urlsplit(address if "://" in address else f"nats://{address}") for address in _addresses(url)]
    return ", ".join(f"{part.scheme}://{part.netloc.rpartition('@')[2]}" for part in parts)


def _addresses(url: str) -> list[str]:
    return [address.strip() for address in url.split(",") if address.strip()]


def _setter(event: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def set_it() -> None:
        event.set()

    return set_it


def _safely(receive: Receive) -> Receive:
    """The library would stop reading."""

    def deliver(subject: str, data: bytes) -> None:
        try:
            receive(subject, data)
        except Exception:
            _log.exception("a message of the broker could not be used")

    return deliver


def _cut(client: Client) -> None:
    """End the socket without waiting for what it still has to write: a broker that stopped would never take it."""
    writer = getattr(client._transport, "_io_writer", None)
    if writer is not None:
        writer.transport.abort()
