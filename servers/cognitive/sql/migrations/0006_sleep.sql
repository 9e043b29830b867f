-- How each agent sleeps, what moved it, how loaded it is, and where the memories of its turns are kept.

create table agent_sleeps (
    tenant_id uuid not null,
    agent_id uuid not null,
    -- dense from 0; an agent without a row is at 0, and active
    version integer not null,
    -- active 1, light 2, deep 3, freeze 4
    state smallint not null check (state between 1 and 4),
    -- the state before
    previous smallint not null check (previous between 1 and 4),
    since timestamptz not null,
    -- when it goes back by itself; null where it does not
    until timestamptz,
    -- what it goes back to, the nearest first, and until when each of these lasts: a time to live may lie in another
    return_states smallint[] not null default '{}',
    return_untils timestamptz[] not null default '{}',
    primary key (tenant_id, agent_id),
    check (cardinality(return_states) = cardinality(return_untils)),
    check ((until is null) = (cardinality(return_states) = 0))
);

-- What the watcher looks for: times to live that ran out.
create index agent_sleeps_ending on agent_sleeps (until) where until is not null;

create table sleep_log (
    tenant_id uuid not null,
    agent_id uuid not null,
    version integer not null,
    previous smallint not null check (previous between 1 and 4),
    state smallint not null check (state between 1 and 4),
    -- by hand, time to live, wake or load
    cause text not null,
    changed_by text not null,
    -- a word of the caller's
    trace_id text not null,
    time timestamptz not null,
    until timestamptz,
    primary key (tenant_id, agent_id, version)
);

create table agent_loads (
    tenant_id uuid not null,
    agent_id uuid not null,
    -- smoothed, without what a cycle took off
    load double precision not null default 0,
    -- what the last turn told, each 0-1
    open_turns double precision not null default 0,
    context_fill double precision not null default 0,
    error_rate double precision not null default 0,
    -- memories; refreshed beside turns
    unconsolidated integer not null default 0,
    unconsolidated_time timestamptz,
    -- turns in a row that left the load above the threshold, and since when it is there
    turns_above integer not null default 0,
    above_since timestamptz,
    -- of the last turn
    time timestamptz not null,
    -- what the last cycle took off, and when; it fades from there
    relief double precision not null default 0,
    relief_time timestamptz,
    last_nrem_time timestamptz,
    last_rem_time timestamptz,
    -- when the load last asked for a cycle
    asked_time timestamptz,
    primary key (tenant_id, agent_id)
);

-- What the watcher looks for: whose load is high, and who had turns since its memories were counted.
create index agent_loads_above on agent_loads (above_since) where above_since is not null;
create index agent_loads_uncounted on agent_loads (time)
where unconsolidated_time is null or unconsolidated_time < time;

create table agent_namespaces (
    tenant_id uuid not null,
    agent_id uuid not null,
    namespace text not null,
    last_turn_time timestamptz not null,
    primary key (tenant_id, agent_id, namespace)
);

alter table agent_sleeps enable row level security;
alter table agent_sleeps force row level security;
create policy tenant_rows on agent_sleeps
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table sleep_log enable row level security;
alter table sleep_log force row level security;
create policy tenant_rows on sleep_log
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table agent_loads enable row level security;
alter table agent_loads force row level security;
create policy tenant_rows on agent_loads
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table agent_namespaces enable row level security;
alter table agent_namespaces force row level security;
create policy tenant_rows on agent_namespaces
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on agent_sleeps, agent_loads to :app;
grant select, insert on sleep_log to :app;
-- Who put an agent to sleep can be taken back, with the word that came along.
grant update (changed_by, trace_id) on sleep_log to :app;
grant select, insert, update, delete on agent_namespaces to :app;

-- The worker looks at all tenants at once; it only marks what it has taken up.
grant select on agent_sleeps, agent_loads to :worker;
grant update (unconsolidated_time, asked_time) on agent_loads to :worker;

-- How an agent sleeps and how loaded it is, each with nulls where there is no row.
create function find_sleep(p_tenant uuid, p_agent uuid, out sleep agent_sleeps, out load agent_loads)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    select s.* into sleep from agent_sleeps s where s.tenant_id = p_tenant and s.agent_id = p_agent;
    select l.* into load from agent_loads l where l.tenant_id = p_tenant and l.agent_id = p_agent;
end
$$;

-- What a turn makes of a load. What cycles took off, when they ran and how many memories wait are not its own.
create function move_load(
    p_tenant uuid, p_agent uuid, p_load double precision, p_open_turns double precision,
    p_context_fill double precision, p_error_rate double precision, p_turns_above integer,
    p_above_since timestamptz, p_time timestamptz
) returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    insert into agent_loads (
        tenant_id, agent_id, load, open_turns, context_fill, error_rate, turns_above, above_since, time
    )
    values (
        p_tenant, p_agent, p_load, p_open_turns, p_context_fill, p_error_rate, p_turns_above, p_above_since, p_time
    )
    on conflict (tenant_id, agent_id) do update
    set load = p_load, open_turns = p_open_turns, context_fill = p_context_fill, error_rate = p_error_rate,
        turns_above = p_turns_above, above_since = p_above_since, time = p_time;
end
$$;

-- Notes where a turn's memories are kept; an empty name is none.
create function keep_agent_namespace(p_tenant uuid, p_agent uuid, p_namespace text, p_time timestamptz) returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    if p_namespace <> '' then
        insert into agent_namespaces (tenant_id, agent_id, namespace, last_turn_time)
        values (p_tenant, p_agent, p_namespace, p_time)
        on conflict (tenant_id, agent_id, namespace) do update set last_turn_time = p_time;
    end if;
end
$$;
