-- Delivery: from the outbox to the bus, and from the bus to the effect in this house.

-- The outbox holds what is not published and nothing else: a relay deletes what was acknowledged.
drop index outbox_unpublished;
alter table outbox drop column published;

-- How far each stream is published; a relay goes on at the next sequence and at no other.
create table relay_streams (
  tenant_id uuid not null,
  stream text not null,
  sequence bigint not null,
  primary key (tenant_id, stream)
) with (fillfactor = 70);

-- Which relay works on which part of the streams. A shard that changes hands gets the next fence.
create table relay_shards (
  shard integer primary key,
  holder uuid,
  fence bigint not null default 0,
  expire_time timestamptz not null default '-infinity'
) with (fillfactor = 50);
insert into relay_shards (shard) select generate_series(0, 7);

create function relay_shard(p_tenant uuid, p_stream text) returns integer
language sql immutable parallel safe
return (hashtextextended(p_tenant::text || '/' || p_stream, 0) & 7)::integer;

alter table relay_streams enable row level security;
alter table relay_streams force row level security;
alter table relay_shards enable row level security;
alter table relay_shards force row level security;
create policy tenant on relay_streams
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on relay_streams to :worker;
grant select, update on relay_shards to :worker;

-- What each consumer has done, in the same transaction as the effect; and how far it is in each stream.
create table inbox (
  consumer text not null,
  event_id uuid not null,
  tenant_id uuid not null,
  done_time timestamptz not null default clock_timestamp(),
  primary key (consumer, event_id)
);
create index inbox_by_age on inbox using brin (done_time);

create table inbox_streams (
  consumer text not null,
  tenant_id uuid not null,
  stream text not null,
  sequence bigint not null,
  primary key (consumer, tenant_id, stream)
) with (fillfactor = 70);

-- Events whose effect failed. `retrying` and `parked` are tried again at next_time (parked without one: when a person
-- says so), `waiting` stand behind one of their stream, `discarded` are over and kept for a while.
create table dead_letters (
  consumer text not null,
  event_id uuid not null,
  tenant_id uuid not null,
  topic text not null,
  shard integer not null,
  position bigint not null,
  stream text not null,
  sequence bigint not null,
  event_type text not null,
  status text not null check (status in ('retrying', 'waiting', 'parked', 'discarded')),
  body bytea not null,
  headers jsonb not null default '{}',
  edited_body bytea,
  error_class text not null,
  error_message text not null,
  error_id text not null,
  attempts integer not null,
  first_time timestamptz not null default clock_timestamp(),
  last_time timestamptz not null default clock_timestamp(),
  next_time timestamptz,
  primary key (consumer, event_id)
);
create index dead_letters_by_stream on dead_letters (consumer, tenant_id, stream, sequence) where status <> 'discarded';
create index dead_letters_due on dead_letters (consumer, next_time) where next_time is not null;

alter table inbox enable row level security;
alter table inbox force row level security;
alter table inbox_streams enable row level security;
alter table inbox_streams force row level security;
alter table dead_letters enable row level security;
alter table dead_letters force row level security;
create policy tenant on inbox
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy tenant on inbox_streams
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy tenant on dead_letters
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert on inbox to :app;
grant select, delete on inbox to :worker;
grant select, insert, update on inbox_streams to :app;
grant select on inbox_streams to :worker;
grant select, insert, update, delete on dead_letters to :app;
grant select, update, delete on dead_letters to :worker;
