"""Compile once, run often: the stages of a run as changes to its plan.

A build stage runs the compiler and gives its folder (`/tmp/build`) as a tar on standard output; a run stage starts
from such a tar. The server carries the bytes from cell to cell and never opens them.
"""

from typing import Literal, Protocol

import msgspec

from exec_pool.limits import MIB, Limits
from exec_pool.protocol import JobOrder, StepOrder

Stage = Literal["whole", "build", "run"]

MOST_BUILD = 24 * MIB
_TAR = "tmp/support/build.tar"
_PACK = 'cd /tmp/build && if [ -n "$(ls -A)" ]; then exec tar -cf - .; fi'
_JOIN = 'exec "$@" 2>&1'
_UNPACK = f"exec tar -xf /{_TAR} -C /tmp/build"


class Wanted(Protocol):
    """What a request says of its stage."""

    @property
    def stage(self) -> Stage: ...

    @property
    def build(self) -> bytes: ...

    @property
    def joined(self) -> bool: ...


def staged(files: dict[str, bytes], job: JobOrder, wanted: Wanted) -> tuple[dict[str, bytes], JobOrder]:
    """Files and job of one stage. An empty `build` is that of a language that is not compiled."""
    *compiling, running = job.steps
    if wanted.joined:
        running = msgspec.structs.replace(running, argv=["/bin/sh", "-c", _JOIN, "sh", *running.argv])
    if wanted.stage == "whole":
        return files, JobOrder([*compiling, running])
    if wanted.stage == "build":
        packing = msgspec.structs.replace(running, argv=["/bin/sh", "-c", _PACK])
        return files, JobOrder([*compiling, packing])
    if not wanted.build:
        return files, JobOrder([running])
    return files | {_TAR: wanted.build}, JobOrder([_unpacking(compiling, running), running])


def _unpacking(compiling: list[StepOrder], running: StepOrder) -> StepOrder:
    """It takes the compiler's place, so that neither its time nor its failure is the program's."""
    like = compiling[-1] if compiling else msgspec.structs.replace(running, name="compile")
    return msgspec.structs.replace(like, argv=["/bin/sh", "-c", _UNPACK])


def build_limits(limits: Limits) -> Limits:
    """The limits of a run for its build stage, in which the last step only packs."""
    return msgspec.structs.replace(limits, wall_seconds=20.0, cpu_seconds=10.0, output_bytes=MOST_BUILD)
