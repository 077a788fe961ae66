"""`sangam check`: what works here, what does not, and how to mend it."""

import sqlite3
import sys

from api.app import exec_settings
from api.pages import Pages
from api.settings import Settings
from api.stores import store_of
from exec_pool.runner_pool import Runner
from rooms.errors import StoreUnavailable
from rooms.sqlite_store import SqliteStore


async def check(settings: Settings) -> int:
    """Print a line for each part; 1 if rooms would not work, else 0."""
    works = [
        _line(sys.version_info >= (3, 11), "Python", sys.version.split()[0], "Sangam needs Python 3.11 or newer"),
        await _store(settings),
    ]
    _line(Pages().built, "Editor", "built", "build it with: make install")
    await _execution(settings)
    return 0 if all(works) else 1


def _line(works: bool, what: str, good: str, mend: str) -> bool:
    print(f"{'ok  ' if works else 'MISS'}  {what:<12} {good if works else mend}")
    return works


async def _store(settings: Settings) -> bool:
    if settings.database_url:
        return await _database(settings)
    store = SqliteStore(settings.data_folder, settings.store_sync)
    try:
        await store.open()
    except StoreUnavailable as error:
        return _line(
            "already uses" in str(error), "Store", f"in use by a running server: {settings.data_folder}", str(error)
        )
    await store.close()
    return _line(True, "Store", f"SQLite {sqlite3.sqlite_version} in {settings.data_folder}", "")


async def _database(settings: Settings) -> bool:
    store = store_of(settings)
    try:
        await store.open()
    except StoreUnavailable as error:
        return _line(False, "Store", "", str(error))
    await store.close()
    return _line(True, "Store", "PostgreSQL, as SANGAM_DATABASE_URL says", "")


async def _execution(settings: Settings) -> None:
    if settings.exec_place == "workers":
        _line(True, "Running code", "at sandbox workers; `sangam doctor` names those that are there", "")
        return
    runner = Runner(exec_settings(settings))
    await runner.open()
    try:
        available = await runner.checked()
        _line(available.ok, "Running code", available.engine, available.reason)
        for language in runner.languages:
            _line(language.available, language.name, language.version, language.reason)
    finally:
        await runner.close()
