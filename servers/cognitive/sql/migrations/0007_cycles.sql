-- Sleep cycles: what each was asked for, how far it is and what it did. Numbers, ids and sentences of the house; no texts.

create table sleep_cycles (
    tenant_id uuid not null,
    -- also the id of its saga
    cycle_id uuid not null,
    agent_id uuid not null,
    -- 1 running, 2 completed, 3 cancelled, 4 failed
    state smallint not null check (state between 1 and 4),
    -- replay, consolidate, recombine, prune or relieve: the one that runs or ran last; empty before the first
    step text not null default '',
    cause text not null check (cause in ('by hand', 'load', 'schedule')),
    nrem boolean not null,
    rem boolean not null,
    token_budget integer not null check (token_budget >= 0),
    max_seconds integer not null check (max_seconds > 0),
    -- somebody has stopped it: no call of it begins any more
    stopping boolean not null default false,
    -- no model answered: the groups that follow are consolidated by rules
    model_away boolean not null default false,
    -- the reason of the last try that failed
    problem text not null default '',
    -- the most important memories, the first the most
    replayed_ids uuid[] not null default '{}',
    replayed_count integer not null default 0,
    group_count integer not null default 0,
    fact_count integer not null default 0,
    hypothesis_count integer not null default 0,
    swept_count integer not null default 0,
    coverage double precision not null default 1,
    used_tokens integer not null default 0,
    load_before double precision not null default 0,
    load_after double precision not null default 0,
    sentences text[] not null default '{}',
    consolidation_ids uuid[] not null default '{}',
    sweep_id uuid,
    start_time timestamptz not null,
    end_time timestamptz,
    primary key (tenant_id, cycle_id)
);
-- One runs at a time for an agent.
create unique index sleep_cycles_running on sleep_cycles (tenant_id, agent_id) where state = 1;
create index sleep_cycles_newest on sleep_cycles (tenant_id, agent_id, start_time desc, cycle_id desc);

-- The groups of a cycle that runs; gone with its end, as a namespace may name a person.
create table sleep_cycle_groups (
    tenant_id uuid not null,
    cycle_id uuid not null,
    -- from 1
    number integer not null,
    namespace text not null,
    memory_ids uuid[] not null,
    -- 1 waiting, 2 on its way, 3 done
    state smallint not null default 1 check (state between 1 and 3),
    -- whether rules do what no model did
    by_rules boolean not null default false,
    token_budget integer not null default 0,
    primary key (tenant_id, cycle_id, number),
    foreign key (tenant_id, cycle_id) references sleep_cycles (tenant_id, cycle_id) on delete cascade
);

alter table sleep_cycles enable row level security;
alter table sleep_cycles force row level security;
create policy tenant_rows on sleep_cycles
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table sleep_cycle_groups enable row level security;
alter table sleep_cycle_groups force row level security;
create policy tenant_rows on sleep_cycle_groups
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on sleep_cycles to :app;
grant select, insert, update, delete on sleep_cycle_groups to :app;
