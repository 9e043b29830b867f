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

-- name: read_changes
select * from read_changes($1, $2, $3, $4, $5)

-- name: read_memories
select * from read_memories($1, $2, $3, $4, $5)
