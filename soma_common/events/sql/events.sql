-- The log of facts.

-- name: append
select sequence, event_time from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: read_by_time
select * from events
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
order by event_time, event_id limit $6;

-- name: read_by_trace
select * from events
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and trace_id >= $7 and trace_id < $8
order by event_time, event_id limit $6;

-- name: read_by_call
select * from events
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and correlation_id = $7
order by event_time, event_id limit $6;

-- name: read_by_type
select * from events
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and event_type collate "C" >= $7 and event_type collate "C" < $8
order by event_time, event_id limit $6;

-- name: read_by_stream
select * from events
where tenant_id = $1 and (event_time, event_id) > ($2, $3) and event_time < $4 and ($5 = '' or service = $5)
  and stream = $7
order by event_time, event_id limit $6;

-- name: read_stream
select * from events where tenant_id = $1 and stream = $2 and sequence >= $3 order by sequence limit $4;

-- name: publish
select sequence, event_time from publish_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: find_places
-- Where events got their place, in the order in which they were asked for; those that are not there are left out.
select e.sequence, e.event_time
from unnest($1::uuid[]) with ordinality as wanted (event_id, position) join events e using (event_id)
order by wanted.position;

-- name: find_held
-- Which of these streams somebody else holds now. What is free is not kept: the locks end with the statement.
with wanted as (
  select * from unnest($1::uuid[], $2::text[]) as w (tenant_id, stream)
),
free as (
  select s.tenant_id, s.stream from event_streams s join wanted using (tenant_id, stream)
  for no key update of s skip locked
)
select tenant_id, stream from wanted w
where exists (select from event_streams s where s.tenant_id = w.tenant_id and s.stream = w.stream)
  and not exists (select from free f where f.tenant_id = w.tenant_id and f.stream = w.stream);
