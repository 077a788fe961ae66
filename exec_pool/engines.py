"""Which engines to try on this machine, in order."""

import os
from collections.abc import Iterator

from exec_pool.bwrap_engine import BwrapEngine
from exec_pool.engine import Engine
from exec_pool.limits import ExecSettings


def engines(settings: ExecSettings) -> Iterator[Engine]:
    """Each is made when the one before it could not be used. Docker comes first where its socket is."""
    if settings.engine == "docker" or (settings.engine == "auto" and _may_answer(settings.docker_url)):
        # Not at the top: the library takes a sixth of a second to load, and most servers never use it.
        from exec_pool.aiodocker_engine import DockerEngine

        yield DockerEngine(settings)
    if settings.engine != "docker":
        yield BwrapEngine(settings)


def _may_answer(url: str) -> bool:
    return not url.startswith("unix://") or os.path.exists(url.removeprefix("unix://"))
