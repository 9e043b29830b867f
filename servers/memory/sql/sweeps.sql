-- What a sweep takes, what it took, and what is looked after when.

-- name: candidates
-- The least retained first, of what is in recall or has expired there; with $5, less what a person brought back lately.
-- Ages count $6 times.
select * from (
  select m.*, case when m.expire_time <= $2 then 1 else 2 end as reason,
    retention(m.kind, m.importance, ($2 - m.learn_time) * $6::double precision, m.access_count) as retention
  from memories m
  where m.tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid
    and (cardinality($1::text[]) = 0 or m.namespace = any($1::text[]))
    and m.retire_time is null and m.hidden_by = 0 and not m.pinned
    and not ($5 and exists (
      select from swept_memories s join sweeps w using (tenant_id, sweep_id)
      where s.memory_id = m.memory_id and s.tenant_id = m.tenant_id and w.restore_time > $2 - interval '30 days'
    ))
) looked
where reason = 1 or retention < $3
order by retention, memory_id limit $4

-- name: examined
select count(*) from memories m
where m.tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid
  and (cardinality($1::text[]) = 0 or m.namespace = any($1::text[]))
  and m.retire_time is null and m.hidden_by = 0 and not m.pinned

-- name: begin_sweep
insert into sweeps (tenant_id, sweep_id, owner_sub, min_retention, sweep_time, undo_until, examined)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing

-- name: find_sweep
select *, (select count(*) from swept_memories s where s.tenant_id = w.tenant_id and s.sweep_id = w.sweep_id) as swept
from sweeps w where w.tenant_id = $1 and w.sweep_id = $2

-- name: lock_sweep
select * from sweeps where tenant_id = $1 and sweep_id = $2 for update

-- name: take
-- Judged once more under the lock of each row.
with held as materialized (
  select m.memory_id, case when m.expire_time <= $4 then 1 else 2 end as reason,
    retention(m.kind, m.importance, ($4 - m.learn_time) * $6::double precision, m.access_count) as retention
  from memories m
  where m.tenant_id = $1 and m.memory_id = any($3::uuid[])
    and m.retire_time is null and m.hidden_by = 0 and not m.pinned
  order by m.memory_id for update
),
taken as (
  update memories m set retire_time = $4, retire_reason = 2
  from held
  where m.tenant_id = $1 and m.memory_id = held.memory_id and (held.reason = 1 or held.retention < $5)
  returning m.memory_id, held.reason, held.retention
)
insert into swept_memories (tenant_id, sweep_id, memory_id, reason, retention)
select $1, $2, memory_id, reason, retention from taken
on conflict do nothing
returning memory_id

-- name: first_swept
select m.*, s.reason, s.retention from swept_memories s
join memories m on m.tenant_id = s.tenant_id and m.memory_id = s.memory_id
where s.tenant_id = $1 and s.sweep_id = $2
order by s.retention, s.memory_id limit $3

-- name: mark_restored
update sweeps set restore_time = $3 where tenant_id = $1 and sweep_id = $2

-- name: restore
with held as materialized (
  select m.memory_id from memories m
  join swept_memories s on s.memory_id = m.memory_id and s.tenant_id = m.tenant_id and s.sweep_id = $2
  where m.tenant_id = $1 and m.retire_reason = 2 and m.retire_time = $3 and (m.expire_time is null or m.expire_time > $4)
  order by m.memory_id for update of m
)
update memories m set retire_time = null, retire_reason = null
from held where m.tenant_id = $1 and m.memory_id = held.memory_id
returning m.memory_id, m.retire_time

-- name: purge
select memory_id, namespace, version from purge_memories($1, $2, $3, $4)

-- name: forget_old
-- What can no longer be undone: pre-images first, as the memories that they speak of go next.
with old_sweeps as (
  delete from sweeps where tenant_id = $1 and undo_until < $2
),
old_sources as (
  delete from consolidation_sources s using consolidations c
  where s.tenant_id = $1 and c.tenant_id = s.tenant_id and c.consolidation_id = s.consolidation_id
    and c.state <> 1 and coalesce(c.undo_until, c.end_time + interval '30 days') < $2
)
delete from consolidations where tenant_id = $1 and state <> 1 and end_time < $2 - interval '400 days'

-- name: join_upkeep
insert into upkeep (tenant_id, due_time, sweep_time)
select tenant_id, now() + random() * interval '1 hour', now() + random() * interval '1 day'
from (select distinct tenant_id from namespace_sizes) known
on conflict do nothing

-- name: claim_upkeep
-- The lease is the time of the next look: whoever dies leaves it to the others.
update upkeep u set due_time = now() + make_interval(secs => $1)
from (select tenant_id, sweep_time from upkeep where due_time <= now() order by due_time limit 1 for update skip locked) due
where u.tenant_id = due.tenant_id
returning u.tenant_id, due.sweep_time <= now() as sweeps

-- name: end_upkeep
update upkeep set due_time = now() + make_interval(secs => $2 * (0.9 + 0.2 * random())),
  sweep_time = case when $3 then now() + interval '1 day' * (0.95 + 0.1 * random()) else sweep_time end
where tenant_id = $1
