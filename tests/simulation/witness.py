"""Who watches a node and writes down when it said that its edits are not saved."""

import math
import time
from typing import Any

from tests.clients import MuxClient
from tests.server import Joined, Server
from tests.simulation.people import Person


class Witness(Person):
    """Never writes. `ends` has, for each time that its node said `unsaved`, when that was over."""

    def __init__(self, name: str, joined: Joined, server: Server, seed: str) -> None:
        super().__init__(name, joined, server, seed, mux=True)
        self._ends: list[float] = []
        assert isinstance(self.client, MuxClient)
        self.client.on_event = self._hear

    def _hear(self, event: dict[str, Any]) -> None:
        if event["type"] != "state":
            return
        is_open = bool(self._ends) and self._ends[-1] == math.inf
        if event["unsaved"] and not is_open:
            self._ends.append(math.inf)
        elif not event["unsaved"] and is_open:
            self._ends[-1] = time.monotonic()

    def was_told_unsaved_after(self, moment: float) -> bool:
        """At that time, or at any later."""
        return any(end >= moment for end in self._ends)
