"""Some cells of the outage matrix on the shared mesh; `python -m tests.outage` runs all of them."""

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person
from tests.outage.judging import judge
from tests.outage.matrix import CELLS, Cell


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.quick], ids=lambda cell: cell.name)
async def test_a_turn_is_as_the_matrix_says(ada: Person, mesh: Mesh, model: ScriptedUpstream, cell: Cell) -> None:
    verdict = await judge(ada, cell)
    assert not verdict.problems, verdict
