-- Events published alone: one statement writes those of many callers, many streams and many tenants.

-- Every group moves the heads of its streams: with room on their page they are moved in place.
alter table event_streams set (fillfactor = 70);

-- The log's one writer: numbers events within their streams and queues them. Stream heads are taken in sorted order, so
-- that two writers never wait for each other in a circle. It runs with the rights of its caller: whoever is bound to a
-- tenant writes that tenant's events or none.
create function write_events(
  p_service text, p_tenants uuid[], p_trace_ids text[], p_event_ids uuid[], p_types text[], p_streams text[],
  p_correlation_ids text[], p_causation_ids text[], p_schema_names text[], p_schema_fingerprints text[],
  p_schema_versions text[], p_payloads bytea[], p_metadata text[]
) returns table (sequence bigint, event_time timestamptz)
language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with drafts as (
    select d.*, row_number() over (partition by d.tenant_id, d.stream order by d.position) as place
    from unnest(p_tenants, p_trace_ids, p_event_ids, p_types, p_streams, p_correlation_ids, p_causation_ids,
                p_schema_names, p_schema_fingerprints, p_schema_versions, p_payloads, p_metadata)
      with ordinality as d (tenant_id, trace_id, event_id, event_type, stream, correlation_id, causation_id, schema_name,
                            schema_fingerprint, schema_version, payload, metadata, position)
  ),
  counts as (
    select tenant_id, stream, count(*) as amount from drafts group by tenant_id, stream
  ),
  heads as (
    insert into event_streams as head (tenant_id, stream, sequence, last_time)
    select tenant_id, stream, amount, clock_timestamp() + (amount - 1) * interval '1 microsecond'
    from counts order by tenant_id, stream
    on conflict (tenant_id, stream) do update set
      sequence = head.sequence + excluded.sequence,
      last_time = greatest(clock_timestamp(), head.last_time + interval '1 microsecond')
        + (excluded.sequence - 1) * interval '1 microsecond'
    returning tenant_id, stream, sequence, last_time
  ),
  placed as (
    select d.*,
      h.sequence - c.amount + d.place as sequence,
      h.last_time - (c.amount - d.place) * interval '1 microsecond' as event_time
    from drafts d join counts c using (tenant_id, stream) join heads h using (tenant_id, stream)
  ),
  written as (
    insert into events (event_id, tenant_id, stream, sequence, event_type, event_time, service, trace_id, correlation_id,
                        causation_id, schema_name, schema_fingerprint, schema_version, payload, metadata)
    select event_id, tenant_id, stream, sequence, event_type, event_time, p_service, trace_id, correlation_id,
           causation_id, schema_name, schema_fingerprint, schema_version, payload, metadata::jsonb
    from placed
  ),
  queued as (
    insert into outbox (tenant_id, stream, sequence, event_id) select tenant_id, stream, sequence, event_id from placed
  )
  select placed.sequence, placed.event_time from placed order by position;
end
$$;

-- The form for one tenant and one trace, which sets the tenant.
create or replace function append_events(
  p_tenant uuid, p_service text, p_trace_id text, p_event_ids uuid[], p_types text[], p_streams text[], p_correlation_ids text[],
  p_causation_ids text[], p_schema_names text[], p_schema_fingerprints text[], p_schema_versions text[], p_payloads bytea[],
  p_metadata text[]
) returns table (sequence bigint, event_time timestamptz)
language plpgsql as $$
begin
  perform enter_tenant(p_tenant);
  return query
  select * from write_events(
    p_service, array_fill(p_tenant, array[cardinality(p_event_ids)]), array_fill(p_trace_id, array[cardinality(p_event_ids)]),
    p_event_ids, p_types, p_streams, p_correlation_ids, p_causation_ids, p_schema_names, p_schema_fingerprints,
    p_schema_versions, p_payloads, p_metadata
  );
end
$$;

-- The form for a group of callers who do not know of one another: a stream that somebody else holds makes them wait a
-- moment only, and is then left out by whoever made the group.
create function publish_events(
  p_service text, p_tenants uuid[], p_trace_ids text[], p_event_ids uuid[], p_types text[], p_streams text[],
  p_correlation_ids text[], p_causation_ids text[], p_schema_names text[], p_schema_fingerprints text[],
  p_schema_versions text[], p_payloads bytea[], p_metadata text[]
) returns table (sequence bigint, event_time timestamptz)
language sql set lock_timeout = '250ms' as $$
  select * from write_events(
    p_service, p_tenants, p_trace_ids, p_event_ids, p_types, p_streams, p_correlation_ids, p_causation_ids, p_schema_names,
    p_schema_fingerprints, p_schema_versions, p_payloads, p_metadata
  );
$$;
