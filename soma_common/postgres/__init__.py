"""PostgreSQL: tenant-scoped transactions, named queries, migrations, provisioning and the embedded server."""

from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

__all__ = ["Connection", "Database", "HouseDatabase", "Queries"]
