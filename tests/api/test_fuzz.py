"""Everything that the reference allows, and much that it does not, sent to a real server."""

import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.server import Server, running

FEW = hypothesis.settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.generate],
)
OPERATOR = "an-operator-of-the-fuzz"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""503 is an answer like others here: there is no sandbox."""


schemathesis.serializer.alias("application/zip", "application/octet-stream")


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


def test_HT10_nothing_that_is_sent_gets_an_undocumented_answer(fuzzed: Fuzzed) -> None:
    reference = schemathesis.openapi.from_url(f"{fuzzed.server.http}/api/openapi.json")
    operations: list[Any] = [found.ok() for found in reference.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) > 30
    for operation in operations:
        _ask(operation, fuzzed)


def _ask(operation: Any, fuzzed: Fuzzed) -> None:
    """Send one call in many forms, right and wrong."""
    is_servers = "/rooms/" not in operation.path and re.search("webhooks|audit", operation.path) is not None
    known = fuzzed.names | {"webhook": fuzzed.webhooks["server" if is_servers else "room"]}
    token = OPERATOR if is_servers else fuzzed.host.token
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = [operation.as_strategy(generation_mode=mode) for mode in modes]

    @FEW
    @hypothesis.given(case=hypothesis.strategies.one_of(*cases), named=hypothesis.strategies.booleans())
    def ask(case: Any, named: bool) -> None:
        # Now and then the names are those of things that are there: otherwise nothing but 404 would be seen.
        for name in set(case.path_parameters or {}) & set(known) if named else ():
            case.path_parameters[name] = known[name]
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=CHECKS if answer.status_code != 503 else CHECKS[1:])

    ask()
