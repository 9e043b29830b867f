-- Feedback moves a state too, and every 200 changes the state is kept, so that replaying its log is short.

alter table state_log
    drop constraint state_log_kind_check,
    add constraint state_log_kind_check check (kind in ('turn', 'set', 'reset', 'feedback'));

-- A turn moves a state once, however often it is told; feedback on it moves it as often as it is given.
drop index state_log_of_turn;
create unique index state_log_of_turn on state_log (tenant_id, agent_id, turn_id) where kind = 'turn';

create table state_snapshots (
    tenant_id uuid not null,
    agent_id uuid not null,
    version integer not null,
    state_values double precision[] not null check (cardinality(state_values) = 4),
    baseline double precision[] not null check (cardinality(baseline) = 4),
    as_of timestamptz not null,
    recent_failures boolean[] not null,
    primary key (tenant_id, agent_id, version)
);

alter table state_snapshots enable row level security;
alter table state_snapshots force row level security;
create policy tenant_rows on state_snapshots
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert on state_snapshots to :app;

-- What has a long log already is replayed from here on.
insert into state_snapshots (tenant_id, agent_id, version, state_values, baseline, as_of, recent_failures)
select tenant_id, agent_id, version, state_values, baseline, as_of, recent_failures
from agent_states where version >= 200;

create or replace function find_state_and_turn(
    p_tenant uuid, p_agent uuid, p_turn uuid,
    out version integer, out state_values double precision[], out baseline double precision[], out as_of timestamptz,
    out recent_failures boolean[], out turn_version integer, out turn_after double precision[]
)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    select s.version, s.state_values, s.baseline, s.as_of, s.recent_failures
    into find_state_and_turn.version, find_state_and_turn.state_values, find_state_and_turn.baseline,
        find_state_and_turn.as_of, find_state_and_turn.recent_failures
    from agent_states s where s.tenant_id = p_tenant and s.agent_id = p_agent;
    select l.version, l.after into turn_version, turn_after
    from state_log l
    where l.tenant_id = p_tenant and l.agent_id = p_agent and l.turn_id = p_turn and l.kind = 'turn';
end
$$;

-- Moves a state on by one line of its log; false, and nothing written, when it is not at the version before that line.
create or replace function move_state(
    p_tenant uuid, p_agent uuid, p_version integer, p_kind text, p_turn uuid, p_changed_by text, p_time timestamptz,
    p_baseline double precision[], p_before double precision[], p_after double precision[],
    p_signal_names text[], p_signal_upward boolean[], p_signal_strengths double precision[], p_signal_causes text[],
    p_failed boolean, p_state_baseline double precision[], p_as_of timestamptz, p_recent_failures boolean[]
) returns boolean
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    if p_version = 1 then
        insert into agent_states (tenant_id, agent_id, version, state_values, baseline, as_of)
        values (p_tenant, p_agent, 0, p_before, p_state_baseline, p_as_of)
        on conflict do nothing;
    end if;
    update agent_states s
    set version = p_version, state_values = p_after, baseline = p_state_baseline, as_of = p_as_of,
        recent_failures = p_recent_failures
    where s.tenant_id = p_tenant and s.agent_id = p_agent and s.version = p_version - 1;
    if not found then
        return false;
    end if;
    insert into state_log (
        tenant_id, agent_id, version, kind, turn_id, changed_by, time, baseline, before, after,
        signal_names, signal_upward, signal_strengths, signal_causes, failed
    )
    values (
        p_tenant, p_agent, p_version, p_kind, p_turn, p_changed_by, p_time, p_baseline, p_before, p_after,
        p_signal_names, p_signal_upward, p_signal_strengths, p_signal_causes, p_failed
    );
    if p_version % 200 = 0 then
        insert into state_snapshots (tenant_id, agent_id, version, state_values, baseline, as_of, recent_failures)
        values (p_tenant, p_agent, p_version, p_after, p_state_baseline, p_as_of, p_recent_failures);
    end if;
    return true;
end
$$;
