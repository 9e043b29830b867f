"""A tenant as a value, and the ids that follow from the request that makes one.

Nothing here knows a row, a message or a clock.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.tenancy import TenantId

DEFAULT_OWNER: Final = "owner"
DEFAULT_AGENT: Final = "assistant"
# What the tenant of the installation's owner is called until somebody calls it otherwise.
INSTALLATION: Final = "installation"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant; `managed_by` is the one that runs the installation, which manages itself too."""

    tenant_id: UUID
    managed_by: UUID
    name: str
    display_name: str
    version: int
    created_by: str
    create_time: datetime
    update_time: datetime
    owner_sub: str | None

    @property
    def runs_installation(self) -> bool:
        """Whether it is the one that runs the installation."""
        return self.tenant_id == self.managed_by

    @property
    def etag(self) -> str:
        """What changes with every change of it."""
        return f'"{self.version}"'


def tenant_of_request(request_id: UUID) -> TenantId:
    """The id of the tenant that a request makes, the same for every repeat."""
    return TenantId(uuid5(request_id, "soma.control.v1.Tenant"))


def name_taken() -> SomaError:
    """The error for a name that another tenant has."""
    return invalid_field("name", "another tenant has this name")
