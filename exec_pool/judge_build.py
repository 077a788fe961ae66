"""Compile once, run often: the stages of a run as changes to its plan.

A build stage runs the compiler and gives its folder (`/tmp/build`) as a tar on standard output; a run stage starts
from such a tar. The server carries the bytes from cell to cell and never opens them.
"""

from typing import Literal

import msgspec

from exec_pool.limits import MIB, Limits
from exec_pool.protocol import JobOrder, StepOrder

Stage = Literal["whole", "build", "run"]

MOST_BUILD = 24 * MIB
_TAR = "tmp/support/build.tar"
_PACK = 'cd /tmp/build && if [ -n "$(ls -A)" ]; then exec tar -cf - .; fi'
_UNPACK = f"exec tar -xf /{_TAR} -C /tmp/build"


def staged(files: dict[str, bytes], job: JobOrder, stage: Stage, build: bytes) -> tuple[dict[str, bytes], JobOrder]:
    """Files and job of one stage. An empty `build` is that of a language that is not compiled."""
    if stage == "whole":
        return files, job
    *compiling, running = job.steps
    if stage == "build":
        packing = msgspec.structs.replace(running, argv=["/bin/sh", "-c", _PACK])
        return files, JobOrder([*compiling, packing])
    if not build:
        return files, JobOrder([running])
    return files | {_TAR: build}, JobOrder([_unpacking(compiling, running), running])


def _unpacking(compiling: list[StepOrder], running: StepOrder) -> StepOrder:
    """It takes the compiler's place, so that neither its time nor its failure is the program's."""
    like = compiling[-1] if compiling else msgspec.structs.replace(running, name="compile")
    return msgspec.structs.replace(like, argv=["/bin/sh", "-c", _UNPACK])


def build_limits(limits: Limits) -> Limits:
    """The limits of a run for its build stage, in which the last step only packs."""
    return msgspec.structs.replace(limits, wall_seconds=20.0, cpu_seconds=10.0, output_bytes=MOST_BUILD)
