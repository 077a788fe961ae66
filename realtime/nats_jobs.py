"""The job queue on a JetStream work queue: one stream on disk, one consumer that all workers share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from nats import errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, BadRequestError

from realtime.errors import FanoutUnavailable, JobsUnavailable, QueueFull
from realtime.fanout import new_node
from realtime.jobs import LEASE_SECONDS, MAX_JOBS, REMEMBER_SECONDS, JobStats
from realtime.nats_link import NatsLink

_ANSWER_SECONDS = 2.0
_CONSUMER = "workers"
_STREAM_IS_FULL = 10077


class NatsJobQueue:
    """See `JobQueue`. `house` and `name` part queues; the first to open one sets its lease and bound, later ones
    change them.

    A connection that is lost is dialled anew by the next call.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        house: str = "sangam",
        lease_seconds: float = LEASE_SECONDS,
        max_jobs: int = MAX_JOBS,
    ) -> None:
        self._url = url
        self._stream = f"{house}_{name}"
        self._subject = f"{house}.jobs.{name}"
        self._lease_seconds = lease_seconds
        self._max_jobs = max_jobs
        self._link: NatsLink | None = None
        self._pull: JetStreamContext.PullSubscription | None = None
        self._dialling = asyncio.Lock()
        self._taking = asyncio.Lock()
        self._submitted = self._finished = self._returned = 0

    async def open(self) -> None:
        """Raises FanoutUnavailable if there is no broker, JobsUnavailable if it has no JetStream."""
        await self._connect()

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def submit(self, job_id: str, payload: bytes) -> bool:
        headers = {"Nats-Msg-Id": job_id}
        async with self._asking() as stream:
            try:
                answer = await stream.publish(self._subject, payload, timeout=_ANSWER_SECONDS, headers=headers)
            except APIError as error:
                if error.err_code == _STREAM_IS_FULL:
                    raise QueueFull("too many jobs wait") from error
                raise
        self._submitted += not answer.duplicate
        return not answer.duplicate

    async def take(self, seconds: float) -> "_NatsJob | None":
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        try:
            async with asyncio.timeout_at(end):
                await self._taking.acquire()
        except TimeoutError:
            return None
        try:
            async with self._asking():
                return await self._fetch(max(0.02, end - clock()))
        finally:
            self._taking.release()

    async def stats(self) -> JobStats:
        async with self._asking() as stream:
            about = await stream.consumer_info(self._stream, _CONSUMER, timeout=_ANSWER_SECONDS)
        waiting, taken = about.num_pending or 0, about.num_ack_pending or 0
        return JobStats(waiting, taken, self._submitted, self._finished, self._returned)

    async def _fetch(self, seconds: float) -> "_NatsJob | None":
        assert self._pull is not None and self._link is not None
        try:
            message = (await self._pull.fetch(1, timeout=seconds))[0]
        except errors.TimeoutError:
            await self._link.settle(_ANSWER_SECONDS)  # nothing to do, or nobody to tell of it?
            return None
        return _NatsJob(self, message)

    @contextlib.asynccontextmanager
    async def _asking(self) -> AsyncIterator[JetStreamContext]:
        """Every failure is JobsUnavailable, and the connection of a call that was not answered is given up."""
        link = await self._connected()
        try:
            yield link.jetstream()
        except (errors.TimeoutError, errors.ConnectionClosedError, OSError, FanoutUnavailable) as error:
            await link.abort()
            raise JobsUnavailable("the job queue does not answer") from error
        except (errors.Error, APIError) as error:
            raise JobsUnavailable(f"the job queue refuses: {error}") from error

    async def _connected(self) -> NatsLink:
        async with self._dialling:
            if self._link is None or self._link.is_lost:
                try:
                    await self._connect()
                except FanoutUnavailable as error:
                    raise JobsUnavailable(str(error)) from error
            assert self._link is not None
            return self._link

    async def _connect(self) -> None:
        if self._link is not None:
            await self._link.abort()
        link = await NatsLink.dial(self._url, new_node())
        try:
            await self._prepare(link.jetstream())
        except (errors.Error, OSError, TimeoutError) as error:
            await link.abort()
            raise JobsUnavailable(f"the NATS server keeps no jobs ({error}); start it with JetStream: -js") from error
        except BaseException:
            await link.abort()
            raise
        self._link = link

    async def _prepare(self, stream: JetStreamContext) -> None:
        config = api.StreamConfig(
            name=self._stream,
            subjects=[self._subject],
            retention=api.RetentionPolicy.WORK_QUEUE,
            discard=api.DiscardPolicy.NEW,
            storage=api.StorageType.FILE,
            max_msgs=self._max_jobs,
            duplicate_window=REMEMBER_SECONDS,
        )
        try:
            await stream.add_stream(config)
        except BadRequestError:
            await stream.update_stream(config)
        workers = api.ConsumerConfig(
            durable_name=_CONSUMER,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=self._lease_seconds,
            max_ack_pending=self._max_jobs,
        )
        await stream.add_consumer(self._stream, workers, timeout=_ANSWER_SECONDS)
        self._pull = await stream.pull_subscribe_bind(_CONSUMER, self._stream)

    async def tell(self, reply: str, word: bytes) -> None:
        """For a job: the broker has it when this returns. It may have come over an earlier connection."""
        async with self._asking():
            assert self._link is not None
            await self._link.request(reply, word, _ANSWER_SECONDS)
        self._finished += word == Msg.Ack.Ack
        self._returned += word.startswith(Msg.Ack.Nak)


class _NatsJob:
    def __init__(self, queue: NatsJobQueue, message: Msg) -> None:
        self.id = (message.headers or {}).get("Nats-Msg-Id", "")
        self.payload = message.data
        self.attempt = message.metadata.num_delivered
        self._queue = queue
        self._reply = message.reply

    async def finish(self) -> None:
        await self._queue.tell(self._reply, Msg.Ack.Ack)

    async def give_back(self, seconds: float = 0.0) -> None:
        delay = b' {"delay": %d}' % (seconds * 10**9) if seconds > 0 else b""
        await self._queue.tell(self._reply, Msg.Ack.Nak + delay)

    async def prolong(self) -> None:
        await self._queue.tell(self._reply, Msg.Ack.Progress)
