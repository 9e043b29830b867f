-- What a relay asks and says, as the worker role, over all tenants.

-- name: count_waiting
select count(*) from (select from outbox limit $1) as waiting;

-- name: has_waiting
-- In the order of an index, which remembers what was deleted; a walk over the table does not, until it is vacuumed.
select from outbox order by tenant_id, stream, sequence limit 1;

-- name: hold
-- Takes what is free and prolongs what is held; a shard that changes hands gets the next fence.
update relay_shards s set
  fence = s.fence + case when s.holder is distinct from $1 then 1 else 0 end,
  holder = $1,
  expire_time = clock_timestamp() + make_interval(secs => $2)
from (
  select shard from relay_shards where holder = $1 or expire_time < clock_timestamp() order by shard for update skip locked
) free
where s.shard = free.shard
returning s.shard, s.fence;

-- name: let_go
update relay_shards set expire_time = '-infinity' where holder = $1;

-- name: read
-- Walks from stream to stream behind ($1, $2) without touching their rows in between, then takes the next few events of
-- each. Streams that are stopped ($4, $5) and shards of others are passed by.
with recursive heads as (
  (
    select tenant_id, stream from outbox where (tenant_id, stream) > ($1::uuid, $2::text) order by tenant_id, stream limit 1
  )
  union all
  select n.tenant_id, n.stream
  from heads h
  cross join lateral (
    select o.tenant_id, o.stream from outbox o
    where (o.tenant_id, o.stream) > (h.tenant_id, h.stream) order by o.tenant_id, o.stream limit 1
  ) n
),
mine as (
  select h.tenant_id, h.stream from heads h
  where relay_shard(h.tenant_id, h.stream) = any($3::int[])
    and not exists (
      select from unnest($4::uuid[], $5::text[]) as stopped (tenant_id, stream)
      where stopped.tenant_id = h.tenant_id and stopped.stream = h.stream
    )
  limit $6
)
select m.tenant_id, m.stream, relay_shard(m.tenant_id, m.stream) as shard, coalesce(r.sequence, 0) as published,
  e.event_id, e.sequence, e.event_type, e.event_time, e.service, e.trace_id, e.correlation_id, e.causation_id,
  e.schema_name, e.schema_fingerprint, e.schema_version, e.payload, e.metadata
from mine m
left join relay_streams r on r.tenant_id = m.tenant_id and r.stream = m.stream
cross join lateral (
  select o.event_id from outbox o
  where o.tenant_id = m.tenant_id and o.stream = m.stream and o.sequence > coalesce(r.sequence, 0)
  order by o.sequence limit $7
) next
join events e on e.event_id = next.event_id
order by m.tenant_id, m.stream, e.sequence
limit $8;

-- name: mark
-- Only under the fence with which the events were read, and only if the stream still is where it was then.
with held as (
  select s.shard from relay_shards s join unnest($2::int[], $3::bigint[]) as mine (shard, fence) using (shard, fence)
  where s.holder = $1
),
done as (
  select d.* from unnest($4::uuid[], $5::text[], $6::bigint[], $7::bigint[]) as d (tenant_id, stream, first, last)
  where relay_shard(d.tenant_id, d.stream) in (select shard from held)
),
moved as (
  update relay_streams r set sequence = d.last from done d
  where r.tenant_id = d.tenant_id and r.stream = d.stream and r.sequence = d.first - 1
  returning r.tenant_id, r.stream
),
begun as (
  insert into relay_streams (tenant_id, stream, sequence) select tenant_id, stream, last from done where first = 1
  on conflict (tenant_id, stream) do nothing
  returning tenant_id, stream
),
marked as (
  select * from moved union all select * from begun
),
gone as (
  delete from outbox o using done d join marked m using (tenant_id, stream)
  where o.tenant_id = d.tenant_id and o.stream = d.stream and o.sequence between d.first and d.last
)
select tenant_id, stream from marked;
