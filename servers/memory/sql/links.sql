-- Statements on the links between memories, run under row-level security.

-- name: find_ends
select memory_id, namespace from memories
where tenant_id = $1 and memory_id = any($2::uuid[])
order by memory_id
for key share

-- name: link
insert into memory_links as l (tenant_id, source_id, target_id, type, strength, owner_sub, update_time)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (source_id, tenant_id, target_id, type) do update
set strength = excluded.strength, update_time = excluded.update_time
where l.owner_sub = excluded.owner_sub or $8
returning source_id, target_id, type, strength, owner_sub, update_time

-- name: unlink
delete from memory_links
where tenant_id = $1 and source_id = $2 and target_id = $3 and ($4 = '' or type = $4) and ($5 or owner_sub = $6)

-- name: has_links
select exists (
    select from memory_links where tenant_id = $1 and source_id = $2 and target_id = $3 and ($4 = '' or type = $4)
)

-- name: links_around
select source_id, target_id, type, strength, owner_sub, update_time
from links_around($1, $2, $3, $4, $5, $6, $7, $8)

-- name: links_of
select memory_id, other_id, strength from links_of($1, $2, $3)
