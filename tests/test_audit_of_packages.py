"""The check for known weaknesses finds them, and says when it could not look."""

import pytest

from scripts import audit

GOOD = {"name": "msgspec", "version": "1", "vulns": []}
BAD = {"name": "leaky", "version": "2", "vulns": [{"id": "PYSEC-1"}, {"id": "GHSA-2"}]}
UNKNOWN = {"name": "msgspec", "skip_reason": "not found"}


def test_a_weakness_is_named() -> None:
    assert audit.weaknesses([GOOD, BAD, UNKNOWN]) == ["leaky 2: PYSEC-1, GHSA-2"]


@pytest.mark.parametrize(("mode", "status"), [("offered", 0), ("required", 1), ("off", 0)])
def test_without_the_database_it_says_that_nothing_was_checked(
    mode: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer in (None, [UNKNOWN]):
        monkeypatch.setattr(audit, "look_up", lambda _lock, _seconds, answer=answer: answer)
        assert audit.main(mode) == status
        assert "no package was" in capsys.readouterr().out


def test_with_it_the_packages_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    for packages, status in (([GOOD], 0), ([GOOD, BAD], 1)):
        monkeypatch.setattr(audit, "look_up", lambda _lock, _seconds, packages=packages: packages)
        assert audit.main("offered") == status
