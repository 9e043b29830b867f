"""Making a tenant while its parts fail: the saga waits for the governor, survives control, and ends with everything."""

import json
from typing import Any
from uuid import uuid4

import pytest

from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person, person_of
from tests.e2e.test_dependency_down import stopped


@pytest.mark.timeout(300)
async def test_a_tenant_is_made_though_the_governor_is_away_and_control_is_killed(
    admin: Person, mesh: Mesh, model: ScriptedUpstream
) -> None:
    body = {"name": f"team-{uuid4().hex[:10]}", "request_id": str(uuid4())}
    owner = {"Authorization": f"Bearer {mesh.token()}"}

    async def ask() -> tuple[int, Any]:
        async with admin.http.post("/admin/tenants", json=body, headers=owner) as response:
            return response.status, json.loads(await response.text())

    async with stopped(admin, mesh, "governor"):
        status, answer = await ask()
        assert status == 504, answer
        assert answer["error"]["code"] == "SAGA_RUNNING"
        assert body["request_id"] in json.dumps(answer)
        pid = mesh.kill("control")
        mesh.wait_ready("control", other_than=pid)

    async def made() -> Any:
        status, answer = await ask()
        assert status == 200, answer
        return answer

    answer = await eventually(made, within_seconds=150, every_seconds=1)
    assert (await ask())[1] == answer, "a repeat gets the same, with the key"
    async with person_of(mesh, "owner", str(answer["key"])) as team:
        heard = await team.grpc.say("Good morning!")
        assert heard.kinds[-1] == "completed"
