"""What deploy/ names exists: settings, metrics, nodes."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from api.settings import Settings
from tests.contracts.fanouts import until
from tests.server import ROOT, running
from tests.services.processes import free_port

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"


def test_the_dashboard_shows_metrics_that_exist(tmp_path: Path) -> None:
    panels = json.loads((DEPLOY / "dashboards/sangam.json").read_text())["panels"]
    shown = {name for panel in panels for target in panel.get("targets", []) for name in names(target["expr"])}
    with running(tmp_path / "data") as server:
        text = server.call("GET", "/metrics").text
    real = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    assert len(shown) > 20
    assert shown - real == {"sangam_runs_total"}  # it has no value before the first run


def names(expression: str) -> list[str]:
    return re.findall(r"\bsangam_\w+", expression)


def test_compose_uses_settings_that_exist_and_the_proxy_its_nodes() -> None:
    compose = (DEPLOY / "compose.yaml").read_text()
    wanted = set(re.findall(r"^ +SANGAM_(\w+):", compose, re.MULTILINE))
    assert {name.lower() for name in wanted} <= set(Settings.__struct_fields__)
    nodes = re.findall(r"^  (node\d): \*node$", compose, re.MULTILINE)
    assert re.findall(r"server (\w+):8000 ", (DEPLOY / "nginx.conf").read_text()) == nodes


def test_kubernetes_uses_settings_that_exist_and_gives_a_node_time_to_save() -> None:
    """Its services would put variables of theirs into the environment, which no node takes for settings."""
    text = (DEPLOY / "kubernetes.yaml").read_text()
    wanted = set(re.findall(r"\bSANGAM_(\w+)=|name: SANGAM_(\w+)", text))
    assert {(first or second).lower() for first, second in wanted} <= set(Settings.__struct_fields__)
    assert "enableServiceLinks: false" in text
    grace, pause = (re.search(words, text) for words in (r"GracePeriodSeconds: (\d+)", r'"sleep", "(\d+)"'))
    assert grace and pause and int(grace[1]) >= int(pause[1]) + 2 * Settings().drain_seconds


@contextmanager
def cluster(port: int) -> Iterator[list[str]]:
    """`make cluster` on a port: the addresses of its nodes. It ends by Ctrl-C, with status 0."""
    command = [sys.executable, "scripts/cluster.py", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            said = [process.stdout.readline() for _ in range(5)]
            assert f"http://localhost:{port}," in said[0], said
            yield re.findall(r"node\d  (http://\S+)", "".join(said))
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
            assert process.wait(60) == 0, rest


async def test_three_nodes_behind_one_address_know_each_other_and_share_rooms() -> None:
    port = free_port()
    with cluster(port) as nodes, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as proxy:
        assert len(nodes) == 3
        await until(lambda: all("sangam_fanout_nodes 2.0" in httpx.get(f"{node}/metrics").text for node in nodes))
        body = {"name": "Shared", "language": "python", "displayName": "Ana"}
        made = proxy.post("/api/rooms", json=body).raise_for_status().json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        for node in nodes:
            room = httpx.get(f"{node}/api/rooms/{made['room']['id']}", headers=headers).raise_for_status().json()
            assert room["room"]["name"] == "Shared"
        problem = {"id": "sum", "title": "Sum", "groups": [{"id": "a", "points": 1, "tests": [{"stdin": "1"}]}]}
        path = f"/api/rooms/{made['room']['id']}/problems"
        httpx.put(f"{nodes[0]}{path}/sum", headers=headers, json=problem).raise_for_status()
        found = [httpx.get(f"{node}{path}", headers=headers).json()["problems"] for node in nodes]
        assert found == [["sum"]] * 3
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        with proxy.stream("GET", "/collab", headers=upgrade | key) as answer:
            assert answer.status_code == 101
        assert proxy.get("/metrics").status_code == 404
