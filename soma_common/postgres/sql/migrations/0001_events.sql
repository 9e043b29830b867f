-- The log of facts: a dense sequence per tenant and stream, events, and the outbox from which relays publish.

create table event_streams (
  tenant_id uuid not null,
  stream text not null,
  sequence bigint not null,
  last_time timestamptz not null,
  primary key (tenant_id, stream)
);

-- Partitioned by ranges of the UUIDv7 key itself, so that the key stays unique; time partitions could not keep it so.
create table events (
  event_id uuid primary key,
  tenant_id uuid not null,
  stream text not null,
  sequence bigint not null,
  event_type text not null,
  event_time timestamptz not null,
  service text not null,
  trace_id text not null,
  correlation_id text not null,
  causation_id text not null default '',
  schema_name text not null,
  schema_fingerprint text not null,
  schema_version text not null,
  payload bytea not null,
  metadata jsonb not null default '{}',
  check (event_type <> '' and stream <> '' and service <> '' and trace_id <> '' and correlation_id <> '' and schema_name <> '')
) partition by range (event_id);
create table events_rest partition of events default;
create index events_by_stream on events (tenant_id, stream, sequence);
create index events_by_trace on events (tenant_id, trace_id);

create table outbox (
  tenant_id uuid not null,
  stream text not null,
  sequence bigint not null,
  event_id uuid not null,
  published boolean not null default false,
  primary key (tenant_id, stream, sequence)
);
create index outbox_unpublished on outbox (tenant_id, stream, sequence) where not published;

alter table event_streams enable row level security;
alter table event_streams force row level security;
alter table events enable row level security;
alter table events force row level security;
alter table outbox enable row level security;
alter table outbox force row level security;
create policy tenant on event_streams
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy tenant on events
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy tenant on outbox
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on event_streams to :app, :worker;
grant select, insert on events to :app, :worker;
grant select, insert on outbox to :app;
grant select, insert, update, delete on outbox to :worker;
