"""What Milvus is asked: the clause of the tenant is the outermost, and no name ends its literal."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.memory.vectors.expressions import at_places, behind, key_of, memory_of, of_memories, of_tenant, quoted
from soma_common.kernel.tenancy import TenantId

TENANT = TenantId(UUID(int=1))
MEMORY = UUID(int=2)
HEAD = f'tenant == "{1:032x}"'


def test_a_key_has_the_tenant_in_front() -> None:
    assert key_of(TENANT, MEMORY) == f"{1:032x}{2:032x}"
    assert memory_of(key_of(TENANT, MEMORY)) == MEMORY


@pytest.mark.parametrize(
    ("expression", "rest"),
    [
        (of_tenant(TENANT), ""),
        (of_memories(TENANT, [MEMORY]), f' and (key in ["{1:032x}{2:032x}"])'),
        (behind(TENANT, None), ""),
        (behind(TENANT, MEMORY), f' and (key > "{1:032x}{2:032x}")'),
        (at_places(TENANT, ["shared", 'a") or (true']), ' and (namespace in ["shared", "a\\") or (true"])'),
    ],
)
def test_the_tenant_bounds_every_expression(expression: str, rest: str) -> None:
    assert expression == HEAD + rest


@given(st.text())
def test_no_text_ends_its_literal(text: str) -> None:
    inner = quoted(text)[1:-1]
    assert '"' not in inner.replace("\\\\", "").replace('\\"', "")
    assert inner.isprintable()
    assert not inner.replace("\\\\", "").endswith("\\")
