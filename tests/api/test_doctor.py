"""What the doctor makes of figures."""

import msgspec
import pytest

from api.doctor import judge_database, judge_folder
from api.settings import Settings
from rooms.postgres_probe import DatabaseHealth
from rooms.sqlite_probe import FolderHealth

WELL = DatabaseHealth(
    server="15.1",
    tables=1,
    wanted_tables=1,
    answer_seconds=0.0005,
    commit_seconds=0.001,
    size_bytes=2**23,
    survives_power_cut=True,
    free_connections=90,
    clock_ahead_seconds=0.01,
    oldest_transaction_seconds=1.0,
    free_bytes=2**36,
)
WRONG: dict[str, tuple[dict[str, object], str]] = {
    "sangam migrate": ({"tables": 1, "wanted_tables": 2}, "bad"),
    "newer program": ({"tables": 3, "wanted_tables": 2}, "bad"),
    "closer together": ({"answer_seconds": 0.01}, "warn"),
    "faster disk": ({"commit_seconds": 0.1}, "warn"),
    "too slow": ({"commit_seconds": 0.3}, "bad"),
    "fsync": ({"survives_power_cut": False}, "bad"),
    "max_connections": ({"free_connections": 9}, "warn"),
    "NTP": ({"clock_ahead_seconds": -9.0}, "warn"),
    "pg_stat_activity": ({"oldest_transaction_seconds": 7200.0}, "warn"),
    "make room before": ({"free_bytes": 2**20}, "bad"),
    "GB are free: make room": ({"free_bytes": 2**29}, "warn"),
}


def test_E16_a_well_database_has_no_finding_to_mend() -> None:
    for health in (WELL, msgspec.structs.replace(WELL, free_bytes=None), msgspec.structs.replace(WELL, tables=0)):
        assert {finding.level for finding in judge_database(health, Settings())} == {"ok"}


@pytest.mark.parametrize("hint", WRONG)
def test_E16_what_is_wrong_with_a_database_is_named_once_with_what_to_do(hint: str) -> None:
    changes, level = WRONG[hint]
    found = judge_database(msgspec.structs.replace(WELL, **changes), Settings())
    assert [finding.level for finding in found if finding.level != "ok"] == [level]
    assert [hint in finding.says for finding in found if finding.level != "ok"] == [True]


def test_E16_a_damaged_file_is_bad() -> None:
    well = FolderHealth("3.40", 0.0001, 2**20, 2**36, None)
    assert {finding.level for finding in judge_folder(well, Settings())} == {"ok"}
    hurt = msgspec.structs.replace(well, damage="row 7 missing")
    assert [finding.level for finding in judge_folder(hurt, Settings())] == ["bad", "ok", "ok"]
