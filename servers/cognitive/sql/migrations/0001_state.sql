-- The state of each agent, and its log: what pulled on it, when, and what came of it. The log is the truth, the state its last line.

create table agent_states (
    tenant_id uuid not null,
    agent_id uuid not null,
    -- dense from 0; 0 is the baseline before anything happened
    version integer not null,
    -- dopamine, serotonin, noradrenaline, acetylcholine
    state_values double precision[] not null check (cardinality(state_values) = 4),
    baseline double precision[] not null check (cardinality(baseline) = 4),
    -- the moment for which the values hold
    as_of timestamptz not null,
    -- whether each of the last 20 turns failed, newest first
    recent_failures boolean[] not null default '{}',
    primary key (tenant_id, agent_id)
);

create table state_log (
    tenant_id uuid not null,
    agent_id uuid not null,
    version integer not null,
    -- turn, set or reset
    kind text not null check (kind in ('turn', 'set', 'reset')),
    turn_id uuid,
    changed_by text not null,
    time timestamptz not null,
    baseline double precision[] not null check (cardinality(baseline) = 4),
    before double precision[] not null check (cardinality(before) = 4),
    after double precision[] not null check (cardinality(after) = 4),
    -- for a turn: name, direction, strength and cause of each signal
    signal_names text[] not null default '{}',
    signal_upward boolean[] not null default '{}',
    signal_strengths double precision[] not null default '{}',
    signal_causes text[] not null default '{}',
    failed boolean not null default false,
    primary key (tenant_id, agent_id, version)
);

-- A turn moves a state once, however often it is told.
create unique index state_log_of_turn on state_log (tenant_id, agent_id, turn_id) where turn_id is not null;

alter table agent_states enable row level security;
alter table agent_states force row level security;
create policy tenant_rows on agent_states
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table state_log enable row level security;
alter table state_log force row level security;
create policy tenant_rows on state_log
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on agent_states to :app;
grant select, insert on state_log to :app;
