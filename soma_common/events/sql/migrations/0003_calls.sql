-- The events of one call, wherever they were written: what a turn set off runs in traces of its own, under its call.

-- What was published before has none, and is found by the other ways.
alter table entries add column correlation_id text not null default '';
create index entries_by_call on entries (tenant_id, correlation_id, event_time) where correlation_id <> '';
