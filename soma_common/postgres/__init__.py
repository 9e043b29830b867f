"""PostgreSQL: tenant-scoped transactions, named queries, migrations, provisioning and the embedded server."""
