-- The bus: what every house has published, for consumers and observers. Only relays write to it.

create table shards (
  topic text not null,
  shard integer not null,
  position bigint not null,
  primary key (topic, shard)
) with (fillfactor = 50);

-- A stream's place is unique, so that publishing twice changes nothing. `body` is a serialised soma.events.v1.Event.
create table entries (
  topic text not null,
  shard integer not null,
  position bigint not null,
  tenant_id uuid not null,
  stream text not null,
  sequence bigint not null,
  event_id uuid not null,
  event_type text not null,
  event_time timestamptz not null,
  service text not null,
  trace_id text not null,
  body bytea not null,
  entry_time timestamptz not null default clock_timestamp(),
  primary key (topic, shard, position),
  unique (tenant_id, stream, sequence)
);
create index entries_by_age on entries using brin (entry_time);

-- How far each consumer is in each shard, and which of its members reads it.
create table positions (
  consumer text not null,
  topic text not null,
  shard integer not null,
  position bigint not null default 0,
  holder uuid,
  fence bigint not null default 0,
  expire_time timestamptz not null default '-infinity',
  primary key (consumer, topic, shard)
) with (fillfactor = 50);

alter table entries enable row level security;
alter table entries force row level security;
create policy tenant on entries
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on shards to :relay;
grant select, insert, delete on entries to :relay;
grant select on entries to :app, :worker;
grant select, insert, update on positions to :worker;
