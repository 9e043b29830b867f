-- What a turn needs of an agent's mind, and what it leaves there, in one round trip each.

-- The state, what was learned, how the agent sleeps and how loaded it is, each null where nothing has happened yet; and
-- what a turn led to if it was observed before.
create function read_mind(
    p_tenant uuid, p_agent uuid, p_turn uuid,
    out state agent_states, out adaptation agent_adaptations, out sleep agent_sleeps, out load agent_loads,
    out turn_version integer, out turn_after double precision[]
)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    select s.* into state from agent_states s where s.tenant_id = p_tenant and s.agent_id = p_agent;
    select a.* into adaptation from agent_adaptations a where a.tenant_id = p_tenant and a.agent_id = p_agent;
    select s.* into sleep from agent_sleeps s where s.tenant_id = p_tenant and s.agent_id = p_agent;
    select l.* into load from agent_loads l where l.tenant_id = p_tenant and l.agent_id = p_agent;
    if p_turn is not null then
        select l.version, l.after into turn_version, turn_after
        from state_log l
        where l.tenant_id = p_tenant and l.agent_id = p_agent and l.turn_id = p_turn and l.kind = 'turn';
    end if;
end
$$;

-- Moves a state on by a turn, with what the turn had used, the load it left and where its memories are kept; false, and
-- nothing written, when the state is not at the version before. A change to the load of an agent waits for its state.
create function observe_turn(
    p_tenant uuid, p_agent uuid, p_version integer, p_kind text, p_turn uuid, p_changed_by text, p_time timestamptz,
    p_baseline double precision[], p_before double precision[], p_after double precision[],
    p_signal_names text[], p_signal_upward boolean[], p_signal_strengths double precision[], p_signal_causes text[],
    p_failed boolean, p_state_baseline double precision[], p_as_of timestamptz, p_recent_failures boolean[],
    p_conversation uuid, p_shares double precision[], p_memories_used integer, p_namespace text,
    p_load double precision, p_open_turns double precision, p_context_fill double precision,
    p_error_rate double precision, p_turns_above integer, p_above_since timestamptz
) returns boolean
language plpgsql as $$
begin
    if not move_state(
        p_tenant, p_agent, p_version, p_kind, p_turn, p_changed_by, p_time, p_baseline, p_before, p_after,
        p_signal_names, p_signal_upward, p_signal_strengths, p_signal_causes, p_failed, p_state_baseline, p_as_of,
        p_recent_failures
    ) then
        return false;
    end if;
    perform keep_turn_shares(p_tenant, p_agent, p_turn, p_conversation, p_shares, p_memories_used, p_time);
    perform move_load(
        p_tenant, p_agent, p_load, p_open_turns, p_context_fill, p_error_rate, p_turns_above, p_above_since, p_time
    );
    perform keep_agent_namespace(p_tenant, p_agent, p_namespace, p_time);
    return true;
end
$$;
