-- Statements on the versions of configurations. $1 is always the tenant.

-- name: newest_of_tenant
select * from newest_configuration($1);

-- name: newest
select * from configurations where tenant_id = $1 order by version desc limit 1;

-- name: lock
select pg_advisory_xact_lock(hashtextextended('governor.configuration.' || $1::uuid::text, 0));

-- name: find
select * from configurations where tenant_id = $1 and version = $2;

-- name: list_versions
select version, changed_by, comment, create_time, restores_version, changed_fields
from configurations where tenant_id = $1 and ($2::integer is null or version < $2) order by version desc limit $3;

-- name: add
insert into configurations (
    tenant_id, version, config, changed_by, comment, create_time, restores_version, changed_fields
) values ($1, $2, $3, $4, $5, $6, $7, $8);
