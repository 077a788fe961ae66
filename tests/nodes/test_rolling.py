"""Nodes that are restarted, or stand still, while people write."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from tests.api.scene import until
from tests.clients import mux_client, until_equal, until_saved
from tests.crash.writers import marks
from tests.nodes.rooms import Wanderer, longest_wait, numbers
from tests.nodes.test_runs import ECHO, ask, start, told
from tests.server import Server, eventually
from tests.services.nodes import nodes

WAIT_SECONDS = 15.0
"""Under 0.1 s on a machine that has nothing else to do; whoever waits for a timeout of theirs waits longer."""


def is_ready(server: Server) -> bool:
    return server.call("GET", "/readyz").status_code == 200


async def test_N10_a_rolling_restart_loses_nothing_and_nobody_waits_for_long(tmp_path: Path) -> None:
    with nodes(tmp_path, 3) as house:
        host = house.front.create_room()
        members = [host, *(house.front.join(host.links["participant"], f"P{n}") for n in range(5))]
        clients = [mux_client(house.front, member.room_id, member.token) for member in members]
        people = [Wanderer(f"p{n}", client, n) for n, client in enumerate(clients)]
        await asyncio.gather(*(client.until_connected() for client in clients))
        clients[0].create_file()
        await until_equal(list(clients), "")
        over = asyncio.Event()
        writing = asyncio.gather(*(person.write_until(over) for person in people))
        for node in house.each:
            before = min(len(person.written) for person in people)
            assert await asyncio.to_thread(node.stop) == 0
            await asyncio.to_thread(node.start)
            await until(lambda node=node: is_ready(node))  # type: ignore[misc]
            await eventually(lambda before=before: all(len(p.written) > before + 10 for p in people))  # type: ignore[misc]
        over.set()
        await writing
        await until_saved(list(clients))
        await until_equal(list(clients))
        everything = dict.fromkeys((mark for person in people for mark in person.written), 1)
        assert marks(clients[0].read()) == everything
        newcomer = mux_client(house.front, host.room_id, host.token)
        await newcomer.until_connected()
        assert marks(newcomer.read()) == everything
        codes = Counter(code for person in people for code in person.ended)
        assert codes.keys() == {1012}, codes
        waited = longest_wait(people)
        print(f"{len(everything)} edits, {codes.total()} reconnections, longest wait {waited:.2f} s")
        assert waited < WAIT_SECONDS
        found = numbers(house, host.room_id)
        assert found == list(range(1, len(found) + 1))
        kinds = Counter((e["kind"], e["author"]) for e in house.front.entries(host, "room"))
        assert kinds == {("joined", member.member["id"]): 1 for member in members}
        await asyncio.gather(*(client.close() for client in [*clients, newcomer]))


async def test_N10_a_node_that_leaves_is_not_ready_and_refuses_newcomers_at_once(tmp_path: Path) -> None:
    with nodes(tmp_path, 1, drain_seconds=25, spread_seconds=10) as house, httpx.Client(verify=False) as http:
        [one] = house.each
        host = one.create_room()
        crowd = [mux_client(one, host.room_id, host.token) for _ in range(150)]
        await asyncio.gather(*(client.until_connected() for client in crowd))
        stopping = asyncio.create_task(asyncio.to_thread(one.stop))
        await eventually(lambda: any(client.close_code is not None for client in crowd))
        upgrade = {"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
        ready = await asyncio.to_thread(http.get, one.http + "/readyz")
        refused = await asyncio.to_thread(http.get, one.http + "/collab", headers=upgrade | key)
        assert not all(client.close_code is not None for client in crowd)
        assert (ready.status_code, ready.json()["restarting"]) == (503, True)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "restarting")
        assert await stopping == 0
        await eventually(lambda: {client.close_code for client in crowd} == {1012})
        await asyncio.gather(*(client.drop() for client in crowd))


async def test_N11_a_node_that_stood_still_comes_back_without_a_trace(tmp_path: Path) -> None:
    with nodes(tmp_path, 2) as house:
        one, two = house.each
        host = one.create_room()
        guest = one.join(host.links["participant"], "Bo")
        run = await start(one, host, ECHO)
        ana, bo = mux_client(one, host.room_id, host.token), mux_client(two, guest.room_id, guest.token)
        await asyncio.gather(ana.until_connected(), bo.until_connected())
        ana.announce({"cursor": 1})
        await eventually(lambda: ana.doc.client_id in bo.people)
        writer = Wanderer("ana", ana, 1)
        for _ in range(50):
            writer.write()
        one.pause()
        try:
            await eventually(lambda: ana.doc.client_id not in bo.people, "she is still there")
            bo.file().insert(0, "bo.0\n")
            await eventually(lambda: bo.unsynced == 0)
            await until(lambda: told(two, host, "finished"))
            for _ in range(50):
                writer.write()
        finally:
            one.resume()
        await eventually(lambda: ana.doc.client_id in bo.people, "she never came back")
        await until_saved([ana, bo])
        await until_equal([ana, bo])
        ended = [(data["run"], data["status"]) for data in told(one, host, "finished")]
        assert ended == [(run, "lost")]
        await until(lambda: "sangam_runs_running 0.0" in one.call("GET", "/metrics").text)
        assert told(two, host, "finished") == told(one, host, "finished")
        found = numbers(house, host.room_id)
        assert found == list(range(1, len(found) + 1))
        text = marks(ana.read())
        assert {mark: text[mark] for mark in [*writer.written, "bo.0"]} == dict.fromkeys([*writer.written, "bo.0"], 1)
        assert (ana.close_code, bo.close_code) == (None, None)
        assert (await ask(two, host, f"runs/{run}/stop", {})).status_code == 409
        await asyncio.gather(ana.close(), bo.close())
