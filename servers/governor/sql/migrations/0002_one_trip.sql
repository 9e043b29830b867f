-- The work of a turn on the ledger and its receipt as functions: what a plan reads and what it writes are a transaction
-- in one round trip each; a settlement learns all it needs while it books.

-- Everything a plan depends on besides the request, and the answer if the turn was planned before.
create function read_snapshot(
    p_tenant uuid, p_tools text[], p_model text, p_turn uuid,
    out budgets jsonb, out level jsonb, out tool_calls jsonb, out output jsonb, out response bytea
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    select
        (select jsonb_agg(to_jsonb(b) - 'tenant_id' order by b.period) from budgets b where b.tenant_id = p_tenant),
        (
            select jsonb_build_object(
                'version', l.version, 'level', l.level, 'good_checks', l.good_checks, 'worst_of_streak', l.worst_of_streak
            )
            from levels l where l.tenant_id = p_tenant
        ),
        (
            select jsonb_object_agg(t.tool, jsonb_build_array(t.attempts, t.successes))
            from tool_calls t where t.tenant_id = p_tenant and t.tool = any(p_tools)
        ),
        (
            select jsonb_build_array(o.turns, o.tokens)
            from output_lengths o where o.tenant_id = p_tenant and o.model = p_model
        ),
        (select r.response from receipts r where r.tenant_id = p_tenant and r.turn_id = p_turn)
    into read_snapshot.budgets, read_snapshot.level, read_snapshot.tool_calls, read_snapshot.output, read_snapshot.response;
end
$$;

-- The hold of leg 1 in all budgets, and the receipt if it was granted; answers as place_hold does.
create function open_receipt(
    p_tenant uuid, p_hold uuid, p_turn uuid, p_tokens bigint, p_micros bigint, p_lease timestamptz, p_now timestamptz,
    p_day timestamptz, p_month timestamptz, p_receipt uuid, p_owner_sub text, p_model text, p_lanes integer[],
    p_predicted_output_tokens integer, p_aiq_predicted double precision, p_plan bytea, p_response bytea,
    out outcome text, out hold_id uuid, out tokens bigint, out micros bigint, out lease_expire_time timestamptz,
    out period text, out unit text, out spent bigint, out allowed bigint
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    select p.outcome, p.hold_id, p.tokens, p.micros, p.lease_expire_time, p.period, p.unit, p.spent, p.allowed
    into open_receipt.outcome, open_receipt.hold_id, open_receipt.tokens, open_receipt.micros,
        open_receipt.lease_expire_time, open_receipt.period, open_receipt.unit, open_receipt.spent, open_receipt.allowed
    from place_hold(p_tenant, p_hold, p_turn, 1, p_tokens, p_micros, p_lease, p_now, p_day, p_month) p;
    if open_receipt.outcome = 'granted' then
        insert into receipts (
            receipt_id, tenant_id, turn_id, owner_sub, model, lanes_planned, predicted_output_tokens, aiq_predicted, plan,
            response, plan_time
        ) values (
            p_receipt, p_tenant, p_turn, p_owner_sub, p_model, p_lanes, p_predicted_output_tokens, p_aiq_predicted, p_plan,
            p_response, p_now
        );
    end if;
end
$$;

-- Books what an owner used, and says what its settlement needs to know besides: its receipt, if it is a turn, and the
-- budgets as they are now. outcome as settle_holds has it.
create function settle_owner(
    p_tenant uuid, p_owner uuid, p_legs integer[], p_tokens bigint[], p_micros bigint[],
    p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out used_tokens bigint, out used_micros bigint, out debt_tokens bigint, out held_tokens bigint,
    out receipt_id uuid, out model text, out lanes_planned integer[], out predicted_output_tokens integer,
    out settlement bytea, out budgets jsonb, out open_holds bigint
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    select s.outcome, s.used_tokens, s.used_micros, s.debt_tokens, s.held_tokens
    into settle_owner.outcome, settle_owner.used_tokens, settle_owner.used_micros, settle_owner.debt_tokens,
        settle_owner.held_tokens
    from settle_holds(p_tenant, p_owner, p_legs, p_tokens, p_micros, p_now, p_day, p_month) s;
    select r.receipt_id, r.model, r.lanes_planned, r.predicted_output_tokens, r.settlement
    into settle_owner.receipt_id, settle_owner.model, settle_owner.lanes_planned, settle_owner.predicted_output_tokens,
        settle_owner.settlement
    from receipts r where r.tenant_id = p_tenant and r.turn_id = p_owner;
    select jsonb_agg(to_jsonb(b) - 'tenant_id' order by b.period) into settle_owner.budgets
    from budgets b where b.tenant_id = p_tenant;
    select count(*) into settle_owner.open_holds
    from holds h where h.tenant_id = p_tenant and h.state = 'open' and h.lease_expire_time > p_now;
end
$$;

-- The second half of the receipt, and what the planner learns from it.
create function close_receipt(
    p_tenant uuid, p_turn uuid, p_settlement bytea, p_aiq_observed double precision, p_now timestamptz,
    p_tools text[], p_attempts bigint[], p_successes bigint[], p_model text, p_output_tokens bigint
) returns boolean
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    update receipts set settlement = p_settlement, aiq_observed = p_aiq_observed, settle_time = p_now
    where tenant_id = p_tenant and turn_id = p_turn;
    if cardinality(p_tools) > 0 then
        insert into tool_calls (tenant_id, tool, attempts, successes)
        select p_tenant, t.tool, t.attempts, t.successes
        from unnest(p_tools, p_attempts, p_successes) as t (tool, attempts, successes)
        on conflict (tenant_id, tool) do update
        set attempts = tool_calls.attempts + excluded.attempts, successes = tool_calls.successes + excluded.successes;
    end if;
    if p_output_tokens > 0 then
        insert into output_lengths (tenant_id, model, turns, tokens) values (p_tenant, p_model, 1, p_output_tokens)
        on conflict (tenant_id, model) do update
        set turns = output_lengths.turns + 1, tokens = output_lengths.tokens + excluded.tokens;
    end if;
    return true;
end
$$;
