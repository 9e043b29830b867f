-- The bus as relays and consumers use it.

-- name: publish
-- What is there already is left out. Positions are dense: they are taken under the row lock of the shard's head, in
-- sorted order, so that a reader who goes on behind the last position it saw misses nothing.
with given as (
  select * from unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::bigint[], $6::uuid[], $7::text[], $8::timestamptz[],
                       $9::text[], $10::text[], $11::text[], $12::bytea[])
    with ordinality as d (topic, shard, tenant_id, stream, sequence, event_id, event_type, event_time, service, trace_id,
                          correlation_id, body, place)
),
fresh as (
  select g.*, row_number() over (partition by g.topic, g.shard order by g.place) as ahead
  from given g
  where not exists (
    select from entries e where e.tenant_id = g.tenant_id and e.stream = g.stream and e.sequence = g.sequence
  )
),
amounts as (
  select topic, shard, count(*) as amount from fresh group by topic, shard
),
heads as (
  insert into shards as head (topic, shard, position)
  select topic, shard, amount from amounts order by topic, shard
  on conflict (topic, shard) do update set position = head.position + excluded.position
  returning topic, shard, position
)
insert into entries (topic, shard, position, tenant_id, stream, sequence, event_id, event_type, event_time, service, trace_id,
                     correlation_id, body)
select f.topic, f.shard, h.position - a.amount + f.ahead, f.tenant_id, f.stream, f.sequence, f.event_id, f.event_type,
       f.event_time, f.service, f.trace_id, f.correlation_id, f.body
from fresh f join amounts a using (topic, shard) join heads h using (topic, shard);

-- name: introduce
insert into positions (consumer, topic, shard)
select $1, t.topic, s.shard from unnest($2::text[], $3::int[]) as t (topic, partitions), generate_series(0, t.partitions - 1) as s (shard)
on conflict (consumer, topic, shard) do nothing;

-- name: hold
-- Takes what is free and prolongs what is held; a shard that changes hands gets the next fence.
update positions p set
  fence = p.fence + case when p.holder is distinct from $2 then 1 else 0 end,
  holder = $2,
  expire_time = clock_timestamp() + make_interval(secs => $4)
from (
  select topic, shard from positions
  where consumer = $1 and topic = any($3::text[]) and (holder = $2 or expire_time < clock_timestamp())
  order by topic, shard for update skip locked
) free
where p.consumer = $1 and p.topic = free.topic and p.shard = free.shard
returning p.topic, p.shard, p.position, p.fence;

-- name: fetch
-- In turns from every shard, so that a full one does not keep the others waiting; each in its order.
select e.topic, e.shard, e.position, e.body, e.entry_time
from unnest($1::text[], $2::int[], $3::bigint[]) as place (topic, shard, position)
cross join lateral (
  select n.topic, n.shard, n.position, n.body, n.entry_time, row_number() over (order by n.position) as turn from entries n
  where n.topic = place.topic and n.shard = place.shard and n.position > place.position
  order by n.position limit $4
) e
order by e.turn, e.topic, e.shard
limit $4;

-- name: commit
update positions p set position = done.position
from unnest($3::text[], $4::int[], $5::bigint[], $6::bigint[]) as done (topic, shard, position, fence)
where p.consumer = $1 and p.holder = $2 and p.topic = done.topic and p.shard = done.shard and p.fence = done.fence
  and p.position < done.position
returning p.topic, p.shard;

-- name: let_go
update positions set expire_time = '-infinity' where consumer = $1 and holder = $2;

-- name: sweep
delete from entries where ctid = any(array(
  select ctid from entries where topic = $1 and entry_time < clock_timestamp() - make_interval(secs => $2) limit $3
));

-- name: sweep_state
-- The last entry of a stream is its state and stays.
delete from entries where ctid = any(array(
  select old.ctid from entries old
  where old.topic = $1 and old.entry_time < clock_timestamp() - make_interval(secs => $2) and exists (
    select from entries later
    where later.tenant_id = old.tenant_id and later.stream = old.stream and later.sequence > old.sequence
  ) limit $3
));

-- name: find_bodies
select topic, shard, position, body from entries
where tenant_id = $1 and exists (select from unnest($2::bytea[]) as n (needle) where position(n.needle in body) > 0)
limit $3;

-- name: put_bodies
update entries e set body = r.body
from unnest($2::text[], $3::int[], $4::bigint[], $5::bytea[]) as r (topic, shard, position, body)
where e.tenant_id = $1 and e.topic = r.topic and e.shard = r.shard and e.position = r.position;
