"""What deploy/ names exists: settings, metrics, nodes."""

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from api.settings import Settings
from tests.server import running

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"


def test_the_dashboard_shows_metrics_that_exist_and_all_of_them(tmp_path: Path) -> None:
    panels = json.loads((DEPLOY / "dashboards/sangam.json").read_text())["panels"]
    shown = {name for panel in panels for target in panel.get("targets", []) for name in names(target["expr"])}
    with running(tmp_path / "data") as server:
        text = server.call("GET", "/metrics").text
    families = list(text_string_to_metric_families(text))
    real = {sample.name for family in families for sample in family.samples}
    assert shown - real - {"sangam_runs_total"} == set()  # it has no value before the first run
    told = {family.name for family in families}
    assert {name for name in told if not any(each.startswith(name) for each in shown)} == set()


def names(expression: str) -> list[str]:
    return re.findall(r"\bsangam_\w+", expression)


def test_compose_uses_settings_that_exist_and_the_proxy_its_nodes() -> None:
    compose = (DEPLOY / "compose.yaml").read_text()
    wanted = set(re.findall(r"^ +SANGAM_(\w+):", compose, re.MULTILINE))
    assert {name.lower() for name in wanted} <= set(Settings.__struct_fields__)
    nodes = re.findall(r"^  (node\d): \*node$", compose, re.MULTILINE)
    assert re.findall(r"server (\w+):8000 ", (DEPLOY / "nginx.conf").read_text()) == nodes
