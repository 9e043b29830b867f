-- Functions that set the tenant they are given and do one piece of work under it, so that a statement which calls them
-- is a whole transaction in one round trip. A function that did not set it would see no row at all.

-- Sets the tenant for the rest of a transaction that has none; what a transaction has is never changed.
create function enter_tenant(p_tenant uuid) returns void
language plpgsql as $$
begin
  if coalesce(current_setting('soma.tenant_id', true), '') = '' then
    perform set_config('soma.tenant_id', p_tenant::text, true);
  end if;
end
$$;

-- The log's writer: numbers events within their streams and queues them. Stream heads are taken in sorted order, so that
-- two appends never wait for each other in a circle.
create function append_events(
  p_tenant uuid, p_service text, p_trace_id text, p_event_ids uuid[], p_types text[], p_streams text[], p_correlation_ids text[],
  p_causation_ids text[], p_schema_names text[], p_schema_fingerprints text[], p_schema_versions text[], p_payloads bytea[],
  p_metadata text[]
) returns table (sequence bigint, event_time timestamptz)
language plpgsql as $$
#variable_conflict use_column
begin
  perform enter_tenant(p_tenant);
  return query
  with drafts as (
    select d.*, row_number() over (partition by d.stream order by d.position) as place
    from unnest(p_event_ids, p_types, p_streams, p_correlation_ids, p_causation_ids, p_schema_names, p_schema_fingerprints,
                p_schema_versions, p_payloads, p_metadata)
      with ordinality as d (event_id, event_type, stream, correlation_id, causation_id, schema_name, schema_fingerprint,
                            schema_version, payload, metadata, position)
  ),
  counts as (
    select stream, count(*) as amount from drafts group by stream
  ),
  heads as (
    insert into event_streams as head (tenant_id, stream, sequence, last_time)
    select p_tenant, stream, amount, clock_timestamp() + (amount - 1) * interval '1 microsecond' from counts order by stream
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
    insert into events (event_id, tenant_id, stream, sequence, event_type, event_time, service, trace_id, correlation_id,
                        causation_id, schema_name, schema_fingerprint, schema_version, payload, metadata)
    select event_id, p_tenant, stream, sequence, event_type, event_time, p_service, p_trace_id, correlation_id,
           causation_id, schema_name, schema_fingerprint, schema_version, payload, metadata::jsonb
    from placed
  ),
  queued as (
    insert into outbox (tenant_id, stream, sequence, event_id) select p_tenant, stream, sequence, event_id from placed
  )
  select placed.sequence, placed.event_time from placed order by position;
end
$$;

-- What was answered to a request before.
create function find_answer(p_tenant uuid, p_sub text, p_method text, p_request uuid)
returns table (body_hash bytea, response bytea)
language plpgsql as $$
begin
  perform enter_tenant(p_tenant);
  return query
  select i.body_hash, i.response from idempotency i
  where i.tenant_id = p_tenant and i.sub = p_sub and i.method = p_method and i.request_id = p_request;
end
$$;
