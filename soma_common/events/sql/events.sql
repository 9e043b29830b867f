-- The log of facts.

-- name: append
-- Stream heads are taken in sorted order, so that two appends never wait for each other in a circle.
with drafts as (
  select d.*, row_number() over (partition by d.stream order by d.position) as place
  from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bytea[], $13::text[])
    with ordinality as d (event_id, event_type, stream, correlation_id, causation_id, schema_name, schema_fingerprint, schema_version,
                          payload, metadata, position)
),
counts as (
  select stream, count(*) as amount from drafts group by stream
),
heads as (
  insert into event_streams as head (tenant_id, stream, sequence, last_time)
  select $1, stream, amount, clock_timestamp() + (amount - 1) * interval '1 microsecond' from counts order by stream
  on conflict (tenant_id, stream) do update set
    sequence = head.sequence + excluded.sequence,
    last_time = greatest(clock_timestamp(), head.last_time + interval '1 microsecond')
      + (excluded.sequence - 1) * interval '1 microsecond'
  returning stream, sequence, last_time
),
placed as (
  select d.*,
    h.sequence - c.amount + d.place as sequence,
    h.last_time - (c.amount - d.place) * interval '1 microsecond' as event_time
  from drafts d join counts c using (stream) join heads h using (stream)
),
written as (
  insert into events (event_id, tenant_id, stream, sequence, event_type, event_time, service, trace_id, correlation_id, causation_id,
                      schema_name, schema_fingerprint, schema_version, payload, metadata)
  select event_id, $1, stream, sequence, event_type, event_time, $2, $3, correlation_id, causation_id,
         schema_name, schema_fingerprint, schema_version, payload, metadata::jsonb
  from placed
),
queued as (
  insert into outbox (tenant_id, stream, sequence, event_id) select $1, stream, sequence, event_id from placed
)
select sequence, event_time from placed order by position;
