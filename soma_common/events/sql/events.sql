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
