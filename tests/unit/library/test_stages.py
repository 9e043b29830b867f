"""The order of the stages is asserted, and each stage names what must run before it."""

import pytest

from soma_common.rpc.interceptors.auth import Auth
from soma_common.rpc.interceptors.deadline import Deadline
from soma_common.rpc.interceptors.errors import Errors
from soma_common.rpc.interceptors.exchange import Stage
from soma_common.rpc.interceptors.idempotency import Idempotency
from soma_common.rpc.interceptors.limits import Limits
from soma_common.rpc.interceptors.pipeline import StageOrderError, check_order
from soma_common.rpc.interceptors.telemetry import Telemetry
from soma_common.rpc.interceptors.validate import Validate

ORDER: list[type[Stage]] = [Telemetry, Errors, Deadline, Auth, Limits, Validate, Idempotency]


def built(kinds: list[type[Stage]]) -> list[Stage]:
    return [kind.__new__(kind) for kind in kinds]


def test_the_one_order_is_accepted() -> None:
    check_order(built(ORDER))
    assert [kind.name for kind in ORDER] == [
        "telemetry",
        "errors",
        "deadline",
        "auth",
        "limits",
        "validate",
        "idempotency",
    ]


@pytest.mark.parametrize("position", range(len(ORDER) - 1))
def test_two_stages_changed_round_are_refused(position: int) -> None:
    wrong = list(ORDER)
    wrong[position], wrong[position + 1] = wrong[position + 1], wrong[position]
    with pytest.raises(StageOrderError, match="must come after"):
        check_order(built(wrong))


@pytest.mark.parametrize("position", range(len(ORDER) - 1))
def test_a_missing_stage_is_refused(position: int) -> None:
    with pytest.raises(StageOrderError, match=ORDER[position].name):
        check_order(built([*ORDER[:position], *ORDER[position + 1 :]]))


def test_a_stage_twice_is_refused() -> None:
    with pytest.raises(StageOrderError, match="twice"):
        check_order(built([*ORDER, Idempotency]))
