-- The bus as one tenant reads it again, as the app role. Each way of reading has the index that it walks.

-- name: read_by_time
select event_time, event_id, body from entries
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
order by event_time, event_id limit $6;

-- name: read_by_trace
select event_time, event_id, body from entries
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and trace_id collate "C" >= $7 and trace_id collate "C" < $8
order by event_time, event_id limit $6;

-- name: read_by_call
select event_time, event_id, body from entries
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and correlation_id = $7 and correlation_id <> ''
order by event_time, event_id limit $6;

-- name: read_by_type
select event_time, event_id, body from entries
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and event_type collate "C" >= $7 and event_type collate "C" < $8
order by event_time, event_id limit $6;

-- name: read_by_stream
-- Time rises with the sequence, so the key gives the order too.
select event_time, event_id, body from entries
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and stream = $7
order by event_time, event_id limit $6;

-- name: find_heads
select topic, shard, position from shards;

-- name: read_on
-- Behind each place and not beyond its head: what is beyond came after the heads were read.
select e.topic, e.shard, e.position, e.body
from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) as place (topic, shard, position, head)
cross join lateral (
  select n.topic, n.shard, n.position, n.event_time, n.body from entries n
  where n.topic = place.topic and n.shard = place.shard and n.position > place.position and n.position <= place.head
    and n.tenant_id = $1
  order by n.position limit $6
) e
order by e.topic collate "C", e.shard, e.position
limit $6;
