"""What every test of the checkout shares."""

import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# The same examples on every machine; a search for new ones is: pytest --hypothesis-profile=search
hypothesis.settings.register_profile("checked", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("checked")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own SANGAM_ variables must not reach the tests."""
    for name in [name for name in os.environ if name.startswith("SANGAM_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return ROOT
