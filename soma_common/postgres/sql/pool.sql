-- What the pool itself says to the server.

-- name: set_tenant
select set_config('soma.tenant_id', $1, true);

-- name: ping
select 1;
