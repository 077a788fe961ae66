"""`sangam doctor`: tries and measures everything that is configured, and says how to mend what is wrong."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import msgspec

from api.far_board import BEAT_SECONDS, Board
from api.far_letters import Demand, Offer
from api.sandboxes import far_fanout
from api.settings import Settings
from realtime.errors import FanoutUnavailable
from realtime.nats_probe import probe_broker
from rooms.errors import CacheUnavailable, StoreUnavailable
from rooms.postgres_probe import DatabaseHealth, probe
from rooms.redis_cache import RedisCache
from rooms.sqlite_probe import FolderHealth, probe_folder

SLOW_ANSWER_SECONDS = 0.005
SLOW_COMMIT_SECONDS = 0.05
LITTLE_BYTES = 2**30
TOO_LITTLE_BYTES = 100 * 2**20
FEW_CONNECTIONS = 10
LONG_TRANSACTION_SECONDS = 3600.0
CLOCK_SECONDS = 5.0
BOARD_BEATS = 2.5

Level = Literal["ok", "warn", "bad"]


class Finding(msgspec.Struct, frozen=True):
    """What was found, and if it is not well, what to do about it."""

    level: Level
    what: str
    says: str


async def doctor(_given: argparse.Namespace, settings: Settings) -> int:
    """Print a line for each finding; 1 if one is bad, else 0."""
    worst = 0
    async for finding in examine(settings):
        print(f"{finding.level:<4}  {finding.what:<10}  {finding.says}")
        worst = max(worst, int(finding.level == "bad"))
    return worst


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Everything that the settings name, one after the other."""
    try:
        if settings.database_url:
            for finding in judge_database(await probe(settings.database_url), settings):
                yield finding
        else:
            sync = settings.store_sync == "full"
            health = await asyncio.to_thread(probe_folder, settings.data_folder, sync=sync)
            for finding in judge_folder(health, settings):
                yield finding
    except StoreUnavailable as error:
        yield Finding("bad", "store", str(error))
    if settings.nats_url:
        yield await _broker(settings.nats_url)
    if settings.nats_url and settings.exec_place != "here":
        for finding in await _workers(settings):
            yield finding
    if settings.redis_url:
        yield await _cache(settings.redis_url)


async def _broker(url: str) -> Finding:
    try:
        health = await probe_broker(url)
    except FanoutUnavailable as error:
        return Finding("bad", "nodes", f"{error}: start it, or correct SANGAM_NATS_URL")
    told = f"NATS {health.server} answers in {_milliseconds(health.answer_seconds)}"
    if health.answer_seconds > SLOW_ANSWER_SECONDS:
        return Finding("warn", "nodes", f"{told}: bring broker and server closer together")
    return _if(not health.keeps_jobs, "warn", "nodes", told, f"{told}, but keeps no jobs: start it with JetStream, -js")


async def _workers(settings: Settings) -> list[Finding]:
    """Who says on the board that it is there."""
    fanout = far_fanout(settings)
    board = Board(fanout, lambda: Demand(0), lambda: None)
    try:
        await fanout.open()
        await board.open()
        await asyncio.sleep(BOARD_BEATS * BEAT_SECONDS)
    except FanoutUnavailable:
        return []  # which is told already
    finally:
        await board.close()
        await fanout.close()
    return judge_workers(list(board.offers.values()))


def judge_workers(offers: list[Offer]) -> list[Finding]:
    """A line for each sandbox worker."""
    if not offers:
        return [Finding("bad", "worker", "none is there, so no program runs: start one with sangam exec")]
    return [_worker(offer) for offer in sorted(offers, key=lambda offer: offer.name)]


def _worker(offer: Offer) -> Finding:
    if not offer.slots:
        return Finding("bad", "worker", f"{offer.name} runs nothing: {offer.reason}")
    count = sum(language.available for language in offer.languages)
    told = f"{offer.name}: {offer.engine}, {offer.busy} of {offer.slots} slots are taken, {count} languages"
    return Finding("ok", "worker", told + (", is being stopped" if offer.is_leaving else ""))


async def _cache(url: str) -> Finding:
    cache = RedisCache(url)
    try:
        await cache.open()
        health = await cache.health()
    except CacheUnavailable as error:
        return Finding("bad", "cache", f"{error}: start it, or correct SANGAM_REDIS_URL")
    finally:
        await cache.close()
    told = f"Redis {health.server} answers in {_milliseconds(health.answer_seconds)}"
    if health.answer_seconds > SLOW_ANSWER_SECONDS:
        return Finding("warn", "cache", f"{told}: bring cache and server closer together")
    full = f"{told}, but refuses writes when it is full: set maxmemory-policy to allkeys-lru"
    return _if(health.is_bounded and not health.evicts, "warn", "cache", told, full)


def judge_database(health: DatabaseHealth, settings: Settings) -> list[Finding]:
    """What the figures of a database mean."""
    return [
        _tables(health),
        _above(
            "answers",
            health.answer_seconds,
            SLOW_ANSWER_SECONDS,
            "a question to the database takes {}",
            "bring database and server closer together",
        ),
        _commits(health.commit_seconds, settings),
        _if(
            not health.survives_power_cut,
            "bad",
            "power cut",
            "commits reach the disk",
            "a power cut can lose or damage what was called saved: set fsync and full_page_writes to on",
        ),
        _if(
            health.free_connections < FEW_CONNECTIONS,
            "warn",
            "connections",
            f"{health.free_connections} more are possible",
            f"only {health.free_connections} more are possible: raise max_connections, each node wants "
            f"{settings.database_connections + 2}",
        ),
        _if(
            abs(health.clock_ahead_seconds) > CLOCK_SECONDS,
            "warn",
            "clocks",
            "the database's and this machine's agree",
            f"the database's is {health.clock_ahead_seconds:.0f} s ahead of this machine's: set up NTP on both",
        ),
        _if(
            health.oldest_transaction_seconds > LONG_TRANSACTION_SECONDS,
            "warn",
            "clean-up",
            "no transaction holds it up",
            f"a transaction of {health.oldest_transaction_seconds / 3600:.0f} h keeps tables growing: "
            "find it in pg_stat_activity and end it",
        ),
        *_space(health.size_bytes, health.free_bytes),
    ]


def judge_folder(health: FolderHealth, settings: Settings) -> list[Finding]:
    """What the figures of a data folder mean."""
    where = f"SQLite {health.server} in {settings.data_folder}"
    damaged = f"{settings.data_folder}/sangam.db is damaged ({health.damage}): restore a backup into a new folder"
    return [
        _if(health.damage is not None, "bad", "store", where, damaged),
        _commits(health.commit_seconds, settings),
        *_space(health.size_bytes, health.free_bytes),
    ]


def _tables(health: DatabaseHealth) -> Finding:
    server = f"PostgreSQL {health.server}"
    if health.tables == 0:
        return Finding("ok", "store", f"{server}, empty: the first start makes the tables")
    if health.tables < health.wanted_tables:
        return Finding("bad", "store", f"{server}, tables of version {health.tables}: run sangam migrate")
    if health.tables > health.wanted_tables:
        return Finding("bad", "store", f"{server}, tables of version {health.tables}: run the newer program")
    return Finding("ok", "store", f"{server}, tables of version {health.tables}")


def _commits(seconds: float, settings: Settings) -> Finding:
    if seconds > settings.slow_commit_seconds:
        says = f"a commit takes {_milliseconds(seconds)}, rooms will say `unsaved`: the disk is too slow"
        return Finding("bad", "commits", says)
    return _above(
        "commits", seconds, SLOW_COMMIT_SECONDS, "a commit takes {}", "every edit waits for it: use a faster disk"
    )


def _above(what: str, seconds: float, limit: float, says: str, mend: str) -> Finding:
    told = says.format(_milliseconds(seconds))
    return _if(seconds > limit, "warn", what, told, f"{told}: {mend}")


def _if(wrong: bool, level: Level, what: str, good: str, mend: str) -> Finding:
    return Finding(level, what, mend) if wrong else Finding("ok", what, good)


def _space(size: int, free: int | None) -> list[Finding]:
    used = f"{size / 2**20:.0f} MB are used"
    if free is None:
        return [Finding("ok", "disk", f"{used}; what is free, only the database's machine knows")]
    told = f"{used}, {free / 2**30:.1f} GB are free"
    level: Level = "bad" if free < TOO_LITTLE_BYTES else "warn"
    return [_if(free < LITTLE_BYTES, level, "disk", told, f"{told}: make room before rooms turn read-only")]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
