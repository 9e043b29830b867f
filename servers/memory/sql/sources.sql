-- Statements on the sources of memories, run under row-level security.

-- name: begin_forgetting
select begin_forgetting($1, $2, $3, $4, $5, $6)

-- name: hold_forgetting
select true from forgotten_sources where tenant_id = $1 and source = $2 and owner_sub = $3 for update

-- name: forget_some
select memory_id, namespace, version, gone from forget_some($1, $2, $3, $4, $5)

-- name: count_forgotten
update forgotten_sources set forgotten_count = forgotten_count + $4, kept_count = kept_count + $5
where tenant_id = $1 and source = $2 and owner_sub = $3
returning forgotten_count, kept_count
