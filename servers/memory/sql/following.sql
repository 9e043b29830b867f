-- Statements of who brings the index of vectors up to date: the queue as the worker, texts and vectors as the tenant.

-- name: lease
update memories_to_index q
set next_time = now() + $3 * interval '1 second'
from (
    select tenant_id, memory_id from memories_to_index
    where embedding_version = $1 and next_time <= now()
    order by next_time limit $2 for update skip locked
) taken
where q.tenant_id = taken.tenant_id and q.memory_id = taken.memory_id
returning q.tenant_id, q.memory_id, q.number, q.attempts

-- name: texts
select memory_id, namespace, text, vector from texts_to_index($1, $2, $3)

-- name: keep_embeddings
select keep_embeddings($1, $2, $3, $4, $5)

-- name: finish
with given as (
    select * from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as given (tenant_id, memory_id, number)
),
done as (
    delete from memories_to_index q using given g
    where q.tenant_id = g.tenant_id and q.memory_id = g.memory_id and q.number = g.number and $4 = ''
)
update memories_to_index q
set next_time = now(), attempts = 0, embedding_version = case when q.number = g.number then $4 else '' end
from given g
where q.tenant_id = g.tenant_id and q.memory_id = g.memory_id and (q.number <> g.number or $4 <> '')

-- name: give_back
update memories_to_index q
set next_time = now() + given.seconds * interval '1 second', attempts = q.attempts + 1
from unnest($1::uuid[], $2::uuid[], $3::float8[]) as given (tenant_id, memory_id, seconds)
where q.tenant_id = given.tenant_id and q.memory_id = given.memory_id

-- name: behind
select count(*) as waiting, coalesce(extract(epoch from now() - min(begin_time)), 0)::float8 as seconds
from (select begin_time from memories_to_index limit 100000) waiting

-- name: know_index
insert into filled_indexes (identity, embedding_version) values ($1, $2) on conflict (identity) do nothing

-- name: queue_for_new_index
select queue_for_new_index($1, $2)

-- name: look_at_index
update filled_indexes i
set whole = whole or (
    last_number is not null and not exists (select from memories_to_index q where q.number <= i.last_number)
)
where identity = $1
returning whole, last_number is not null as queued

-- name: queue
select queue_again($1, $2)

-- name: waiting
select memory_id from waiting_for_index($1, $2)

-- name: waiting_gone
select memory_id from gone_from_index($1)

-- name: known
select memory_id from known_memories($1, $2)

-- name: page_of_texts
select memory_id, namespace, text, vector from page_of_texts($1, $2, $3, $4)

-- name: count_memories
select count_memories($1)
