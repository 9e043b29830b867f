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

-- Partitions of the log: a week each, by ranges of the UUIDv7 key, made ahead and dropped when they are old enough. The
-- functions run as the owner, so that a worker may do this and nothing else to the tables.
create function uuid7_floor(p_time timestamptz) returns uuid
language sql immutable parallel safe
return (lpad(to_hex((extract(epoch from p_time) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;

create function event_partition_name(p_week timestamptz) returns text
language sql immutable parallel safe
return 'events_' || to_char(p_week at time zone 'utc', 'YYYYMMDD');

-- Makes the partitions of the next weeks that are missing; a week of which the default partition already holds events is
-- left to it. Returns how many were made.
create function make_event_partitions(p_now timestamptz, p_weeks integer) returns integer
language plpgsql security definer set search_path = :schema, pg_temp as $$
declare
  v_week timestamptz := date_trunc('week', p_now at time zone 'utc') at time zone 'utc';
  v_made integer := 0;
  v_name text;
begin
  perform pg_advisory_xact_lock(hashtextextended('soma.event_partitions.:schema', 0));
  for v_ahead in 0 .. p_weeks loop
    v_name := event_partition_name(v_week + v_ahead * interval '7 days');
    if to_regclass(v_name) is null and not exists (
      select from events_rest where event_id >= uuid7_floor(v_week + v_ahead * interval '7 days')
        and event_id < uuid7_floor(v_week + (v_ahead + 1) * interval '7 days')
    ) then
      execute format('create table %I (like events including all)', v_name);
      execute format('alter table %I enable row level security', v_name);
      execute format('alter table %I force row level security', v_name);
      execute format('alter table events attach partition %I for values from (%L) to (%L)', v_name,
        uuid7_floor(v_week + v_ahead * interval '7 days'), uuid7_floor(v_week + (v_ahead + 1) * interval '7 days'));
      v_made := v_made + 1;
    end if;
  end loop;
  return v_made;
end
$$;

-- Drops partitions that end before the given time, and deletes what the default partition holds from before it; what is
-- not published stays. Returns how many partitions were dropped.
create function drop_old_events(p_before timestamptz) returns integer
language plpgsql security definer set search_path = :schema, pg_temp as $$
declare
  v_dropped integer := 0;
  v_part record;
begin
  perform pg_advisory_xact_lock(hashtextextended('soma.event_partitions.:schema', 0));
  if exists (select from outbox where event_id < uuid7_floor(p_before)) then
    return 0;
  end if;
  for v_part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'events'::regclass and c.relname ~ '^events_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') + 7 <= (p_before at time zone 'utc')::date
  loop
    execute format('drop table %I', v_part.relname);
    v_dropped := v_dropped + 1;
  end loop;
  delete from events_rest where ctid = any(array(
    select ctid from events_rest where event_id < uuid7_floor(p_before) limit 5000
  ));
  return v_dropped;
end
$$;

revoke all on function make_event_partitions(timestamptz, integer), drop_old_events(timestamptz) from public;
grant execute on function make_event_partitions(timestamptz, integer), drop_old_events(timestamptz) to :worker;
