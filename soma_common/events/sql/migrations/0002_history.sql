-- History: one tenant's events read again, by trace, time, stream (its key has that) and kind.

create index entries_by_trace on entries (tenant_id, trace_id collate "C", event_time);
create index entries_by_time on entries (tenant_id, event_time, event_id);
create index entries_by_type on entries (tenant_id, event_type collate "C", event_time);

-- How far each shard is, for those who follow; positions say nothing of anybody's events.
grant select on shards to :app;
