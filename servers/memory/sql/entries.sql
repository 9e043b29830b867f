-- Statements on what recall holds of memories.

-- name: put_entries
-- One entry for each memory, in the transaction of the memories; what is there is replaced.
insert into memory_entries as e (tenant_id, memory_id, namespace, entry, vector, embedding_version)
select $1, given.*
from unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[])
    as given (memory_id, namespace, entry, vector, embedding_version)
on conflict (tenant_id, memory_id) do update
set namespace = excluded.namespace, entry = excluded.entry, vector = excluded.vector,
    embedding_version = excluded.embedding_version

-- name: put_missing
-- Entries of memories that had none, or one of an earlier format, as long as they are there.
insert into memory_entries as e (tenant_id, memory_id, namespace, entry, vector, embedding_version)
select $1, given.*
from unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[])
    as given (memory_id, namespace, entry, vector, embedding_version)
join memories m on m.tenant_id = $1 and m.memory_id = given.memory_id
order by given.memory_id
for key share of m
on conflict (tenant_id, memory_id) do update
set entry = excluded.entry, vector = excluded.vector, embedding_version = excluded.embedding_version
where get_byte(e.entry, 0) < get_byte(excluded.entry, 0)

-- name: read_changes
select * from read_changes($1, $2, $3, $4, $5)

-- name: read_memories
select * from read_memories($1, $2, $3, $4, $5)

-- name: view_memories
select * from view_memories($1, $2, $3)
