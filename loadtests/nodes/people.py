"""Two people in a room who both type, and what each has seen of the other or a server has called saved."""

import asyncio

from pycrdt import Text

from loadtests.nodes.houses import House
from tests.clients import Client, MuxClient

LETTERS = 4
"""In an edit. A CRDT counts letters, so every edit ends at a multiple of it."""


class Person:
    """Somebody at one node, with a stock client; types at the end of the text."""

    def __init__(self, house: House, node: int, room: str) -> None:
        self.node = node
        self.client = house.client(node, room)
        self.text: Text = self.client.doc.get("t", type=Text)
        self.typed = self.saved = 0
        if isinstance(self.client, MuxClient):
            self.client.on_saved = self._note_saved

    def _note_saved(self) -> None:
        self.saved = self.typed

    def type(self) -> None:
        self.typed += 1
        self.text += "edit"

    def has_of(self, other: "Person") -> int:
        """Edits of `other` that have arrived here."""
        return self.client.clock_of(other.client.doc.client_id) // LETTERS


class Room:
    """`nodes` says at which node each of its people is."""

    def __init__(self, house: House, name: str, nodes: tuple[int, int]) -> None:
        self.name = name
        self.people = [Person(house, node, name) for node in nodes]

    @property
    def is_together(self) -> bool:
        return self.people[0].node == self.people[1].node

    def promised(self) -> list[int]:
        """Edits of each person that the other has seen, or that were called saved."""
        one, two = self.people
        return [max(two.has_of(one), one.saved), max(one.has_of(two), two.saved)]

    async def found(self, house: House, node: int) -> list[int]:
        """Edits of each that somebody new is shown at this node, who waits until it answers. Raises TimeoutError."""
        auditor = Person(house, node, self.name)
        try:
            await auditor.client.until_connected()
            return [auditor.has_of(person) for person in self.people]
        finally:
            await auditor.client.drop()


async def come(rooms: list[Room]) -> None:
    clients: list[Client] = [person.client for room in rooms for person in room.people]
    await asyncio.gather(*(client.until_connected() for client in clients))


async def go(rooms: list[Room]) -> None:
    """All at once, and for good."""
    await asyncio.gather(*(person.client.drop() for room in rooms for person in room.people))
