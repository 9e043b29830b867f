-- name: make_thread
-- A thread with its options, which is its agent's current one from now on.
with made as (
    insert into threads (tenant_id, thread_id, agent_id, owner_sub, goal, method, option_count, create_time, update_time)
    values ($1, $2, $3, $4, $5, $6, cardinality($8::uuid[]), $7, $7)
),
kept as (
    insert into thread_options (tenant_id, thread_id, position, option_id, text, score, reason)
    select $1, $2, o.position - 1, o.option_id, o.text, o.score, o.reason
    from unnest($8::uuid[], $9::text[], $10::double precision[], $11::text[])
        with ordinality as o (option_id, text, score, reason, position)
)
insert into current_threads as c (tenant_id, agent_id, thread_id)
values ($1, $3, $2)
on conflict (tenant_id, agent_id) do update set thread_id = excluded.thread_id

-- name: find_thread
-- The thread of an id, else the agent's current one; of the agent where one is named.
select t.*, exists (select from current_threads c where c.tenant_id = t.tenant_id and c.thread_id = t.thread_id) as current
from threads t
where t.tenant_id = $1
    and t.thread_id = coalesce($2, (select c.thread_id from current_threads c where c.tenant_id = $1 and c.agent_id = $3))
    and ($3::uuid is null or t.agent_id = $3)

-- name: lock_thread
-- As find_thread; nobody else changes it until the transaction ends.
select t.*, exists (select from current_threads c where c.tenant_id = t.tenant_id and c.thread_id = t.thread_id) as current
from threads t
where t.tenant_id = $1
    and t.thread_id = coalesce($2, (select c.thread_id from current_threads c where c.tenant_id = $1 and c.agent_id = $3))
    and ($3::uuid is null or t.agent_id = $3)
for update of t

-- name: list_options
select option_id, text, score, reason, taken_time
from thread_options
where tenant_id = $1 and thread_id = $2
order by position

-- name: list_threads
select t.*, exists (select from current_threads c where c.tenant_id = t.tenant_id and c.thread_id = t.thread_id) as current
from threads t
where t.tenant_id = $1 and t.agent_id = $2 and ($3::uuid is null or t.thread_id < $3)
order by t.thread_id desc
limit $4

-- name: move_thread
update threads
set version = $3, option_count = $4, cursor_place = $5, update_time = $6
where tenant_id = $1 and thread_id = $2

-- name: keep_times
update thread_options o
set taken_time = n.taken_time
from unnest($3::uuid[], $4::timestamptz[]) as n (option_id, taken_time)
where o.tenant_id = $1 and o.thread_id = $2 and o.option_id = n.option_id

-- name: drop_options
delete from thread_options where tenant_id = $1 and thread_id = $2
