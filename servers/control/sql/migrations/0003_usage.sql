-- Usage: one row for each turn that ended, written from its event. Sums are made when they are asked for, so that a
-- table that lost rows is whole again when their events are replayed.

create table usage_turns (
    tenant_id uuid not null,
    event_id uuid not null,
    day date not null,
    agent_id text not null,
    outcome text not null check (outcome in ('completed', 'failed', 'cancelled')),
    input_tokens bigint not null,
    cached_input_tokens bigint not null,
    output_tokens bigint not null,
    reasoning_tokens bigint not null,
    cost_micros bigint not null,
    primary key (tenant_id, event_id)
);
create index usage_turns_by_day on usage_turns (tenant_id, day, agent_id);

alter table usage_turns enable row level security;
alter table usage_turns force row level security;
create policy tenant on usage_turns using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert on usage_turns to :app;
