-- name: list_features
select tenant_id, name, enabled, updated_by, update_time from features

-- name: set_features
insert into features (tenant_id, name, enabled, updated_by, update_time)
select $1, name, enabled, $2, $3
from unnest($4::text[], $5::boolean[]) as given (name, enabled)
order by name
on conflict (tenant_id, name) do update
set enabled = excluded.enabled, updated_by = excluded.updated_by, update_time = excluded.update_time

-- name: write_as
select set_config('soma.tenant_id', $1, true)
