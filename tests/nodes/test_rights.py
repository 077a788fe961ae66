"""A change of rights at one node holds at the others."""

import asyncio
import time
from functools import partial

from tests.clients import MuxClient, mux_client, until_equal, y_client
from tests.server import eventually
from tests.services.nodes import Nodes


def has_scope(client: MuxClient, scope: str) -> bool:
    return client.scope == scope


async def test_R16_a_change_at_one_node_holds_on_the_sockets_of_another(two: Nodes) -> None:
    one, other = two.each
    host = one.create_room()
    guest = one.join(host.links["participant"], "Bo")
    watcher = mux_client(one, host.room_id, host.token)
    y, mux = y_client(other, host.room_id, guest.token), mux_client(other, host.room_id, guest.token)
    for client in (watcher, y, mux):
        await client.until_connected()
    watcher.create_file()
    await until_equal([watcher, y, mux], "")
    member = f"/api/rooms/{host.room_id}/members/{guest.member['id']}"
    waits = []
    for role, scope in [("observer", "readonly"), ("participant", "read-write")] * 10:
        started = time.monotonic()
        (await asyncio.to_thread(one.call, "PATCH", member, host.token, json={"role": role})).raise_for_status()
        await eventually(partial(has_scope, mux, scope))
        waits.append(time.monotonic() - started)
    print(f"longest {max(waits) * 1000:.0f} ms of {len(waits)}")
    await asyncio.to_thread(one.call, "DELETE", member, host.token)
    await eventually(lambda: y.close_code == 4403 and mux.denied == "removed")
    assert other.call("GET", f"/api/rooms/{host.room_id}", guest.token).status_code == 403
    room, ended = f"/api/rooms/{host.room_id}", {"status": "ended"}
    (await asyncio.to_thread(one.call, "PATCH", room, host.token, json=ended)).raise_for_status()
    await eventually(lambda: watcher.scope == "readonly")
    for client in (watcher, y, mux):
        await client.drop()


async def test_R16_a_change_that_a_node_missed_holds_once_it_hears_again(two: Nodes) -> None:
    """As after a cut line: the register says what is right."""
    one, other = two.each
    host = one.create_room()
    guest = one.join(host.links["participant"], "Bo")
    mux = mux_client(other, host.room_id, guest.token)
    await mux.until_connected()
    two.sql(f"UPDATE members SET role = 'observer' WHERE id = '{guest.member['id']}'")
    one.pause()  # for longer than a silence: the other node compares when it hears it again
    try:
        await eventually(lambda: "sangam_fanout_nodes 0.0" in other.call("GET", "/metrics").text)
    finally:
        one.resume()
    await eventually(lambda: mux.scope == "readonly")
    await mux.drop()
