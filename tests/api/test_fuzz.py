"""Everything that the reference allows, and much that it does not, sent to a real server."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.server import Server, running

OPERATOR = "an-operator-of-the-fuzz"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""503 is an answer like others here: there is no sandbox."""


class Fuzzed:
    """A server without limits, and a room in it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.host = server.create_room()
        body = {"id": "sum", "tests": [{"stdin": "", "expected": ""}]}
        path = f"/api/rooms/{self.host.room_id}"
        server.call("PUT", f"{path}/problems/sum", self.host.token, json=body).raise_for_status()
        hook = {"url": "https://hooks.a.example/", "events": ["room.ended"]}
        made = [
            server.call("POST", f"{top}/webhooks", token, json=hook).raise_for_status().json()["webhook"]["id"]
            for top, token in ((path, self.host.token), ("/api", OPERATOR))
        ]
        self.names = {"room": self.host.room_id, "code": self.host.links["participant"], "problem": "sum"}
        self.webhooks = {"room": made[0], "server": made[1]}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    data = tmp_path_factory.mktemp("fuzz") / "data"
    settings: dict[str, Any] = {"exec_engine": "off", "operator_tokens": OPERATOR}
    with running(data, rooms_per_minute=100_000, joins_per_minute=100_000, **settings) as server:
        yield Fuzzed(server)


@pytest.fixture(scope="module")
def reference(fuzzed: Fuzzed) -> Any:
    return schemathesis.openapi.from_url(f"{fuzzed.server.http}/api/openapi.json")


schema = schemathesis.pytest.from_fixture("reference")


@schema.parametrize()
@hypothesis.settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
def test_E79_nothing_that_is_sent_gets_an_undocumented_answer(case: Any, fuzzed: Fuzzed) -> None:
    is_servers = "/rooms/" not in case.path and ("webhooks" in case.path or "audit" in case.path)
    webhook = fuzzed.webhooks["server" if is_servers else "room"]
    known = fuzzed.names | {"webhook": webhook}
    # Every other time the names are those of things that are there: otherwise nothing but 404 would be seen.
    if len(str(case.body)) % 2 == 0:
        for name in set(case.path_parameters or {}) & set(known):
            case.path_parameters[name] = known[name]
    token = OPERATOR if is_servers else fuzzed.host.token
    answer = case.call(headers={"Authorization": f"Bearer {token}"})
    case.validate_response(answer, checks=CHECKS if answer.status_code != 503 else CHECKS[1:])
