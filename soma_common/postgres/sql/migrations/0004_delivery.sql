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
