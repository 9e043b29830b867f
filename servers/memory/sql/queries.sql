-- name: grow_namespace
insert into namespace_sizes (tenant_id, namespace, memories, terms)
values ($1, $2, $3, $4)
on conflict (tenant_id, namespace) do update
set memories = namespace_sizes.memories + excluded.memories, terms = namespace_sizes.terms + excluded.terms

-- name: find
select m.*, not exists (
    select from memories_to_index q where q.tenant_id = m.tenant_id and q.memory_id = m.memory_id
) as indexed
from memories m
where m.tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and m.memory_id = $1

-- name: find_many
select * from find_memories($1, $2)

-- name: remove
delete from memories
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and memory_id = $1
returning namespace, version, term_count

-- name: take_lost
-- What went with something else, and is not told of yet.
delete from lost_memories where tenant_id = $1 returning memory_id, version, namespace

-- name: note_accesses
update memories
set access_count = access_count + given.times, access_time = greatest(access_time, given.time)
from unnest($1::uuid[], $2::integer[], $3::timestamptz[]) as given (memory_id, times, time)
where memories.tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid
    and memories.memory_id = given.memory_id
