-- name: store
insert into memories (
    tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, payload, subject, speaker, source_class, source_id,
    conversation_id, turn_id, trust, importance, tags, token_count, term_count, learn_time, valid_from, embedding_version
)
values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
on conflict (tenant_id, namespace, subject, text_key) do nothing

-- name: strengthen
update memories
set access_count = access_count + 1, access_time = $5, importance = least(1.0, importance + $6), version = version + 1
where tenant_id = $1 and namespace = $2 and subject = $3 and text_key = $4
returning *

-- name: store_vector
insert into memory_vectors (tenant_id, namespace, memory_id, embedding)
values ($1, $2, $3, $4::text::vector)

-- name: store_terms
insert into memory_terms (tenant_id, namespace, term, memory_id, frequency)
select $1, $2, term, $3, frequency
from unnest($4::text[], $5::integer[]) as given (term, frequency)

-- name: grow_namespace
insert into namespace_sizes (tenant_id, namespace, memories, terms)
values ($1, $2, $3, $4)
on conflict (tenant_id, namespace) do update
set memories = namespace_sizes.memories + excluded.memories, terms = namespace_sizes.terms + excluded.terms

-- name: find
select * from memories
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and memory_id = $1

-- name: find_many
select * from find_memories($1, $2)

-- name: remove
delete from memories
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and memory_id = $1
returning namespace, version, term_count

-- name: by_vector
select memory_id, cosine from nearest_memories($1, $2, $3, $4, $5, $6, $7, $8)

-- name: by_words
select memory_id, bm25 from memories_with_words($1, $2, $3, $4, $5, $6, $7, $8)

-- name: note_accesses
update memories
set access_count = access_count + given.times, access_time = greatest(access_time, given.time)
from unnest($1::uuid[], $2::integer[], $3::timestamptz[]) as given (memory_id, times, time)
where memories.tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid
    and memories.memory_id = given.memory_id
