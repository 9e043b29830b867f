-- Replay: this house's own log read by trace, time, kind and stream, and how far each replay has come.

create index events_by_time on events (tenant_id, event_time, event_id);
create index events_by_type on events (tenant_id, event_type collate "C", event_time);

-- A replay by its name: what it goes over, where it is, and what it did so far. One that has ended starts anew.
create table replays (
  tenant_id uuid not null,
  name text not null,
  target text not null,
  filters jsonb not null,
  position text not null default '',
  counts jsonb not null default '{}',
  start_time timestamptz not null default clock_timestamp(),
  update_time timestamptz not null default clock_timestamp(),
  end_time timestamptz,
  primary key (tenant_id, name)
) with (fillfactor = 50);
create index replays_by_age on replays (update_time);

alter table replays enable row level security;
alter table replays force row level security;
create policy tenant on replays
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on replays to :app;
grant select, delete on replays to :worker;
