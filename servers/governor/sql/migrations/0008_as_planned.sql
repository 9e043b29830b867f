-- The end of a turn that went as planned, in one statement.

-- What a settlement needs of the receipt of a turn that is not settled yet.
create function find_open_receipt(p_tenant uuid, p_turn uuid)
returns table (
    receipt_id uuid, model text, lanes_planned integer[], predicted_output_tokens integer, settlement bytea
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    return query
    select r.receipt_id, r.model, r.lanes_planned, r.predicted_output_tokens, r.settlement
    from receipts r where r.tenant_id = p_tenant and r.turn_id = p_turn and r.settlement is null;
end
$$;

-- Books a turn that went as planned: each of its legs within its own open hold, nothing booked before, its receipt open and
-- nothing said of its answer. Then what it used is what was reported and no debt, so whoever asks knows the answer beforehand.
-- The booking itself is that of every other owner.
-- outcome: settled, or otherwise; then nothing was done.
create function settle_as_planned(
    p_tenant uuid, p_turn uuid, p_legs integer[], p_tokens bigint[], p_micros bigint[],
    p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out held_tokens bigint, out budgets jsonb, out open_holds bigint
)
language plpgsql as $$
#variable_conflict use_column
declare
    fitting integer;
    is_fresh boolean;
begin
    perform enter_tenant(p_tenant);
    perform lock_budgets(p_tenant, p_day, p_month);
    select
        count(*) filter (
            where u.leg is not null and h.state = 'open' and h.lease_expire_time > p_now and u.tokens <= h.tokens
            and u.micros <= h.micros
        ),
        bool_and(h.used_tokens = 0 and h.used_micros = 0)
    into fitting, is_fresh
    from holds h left join unnest(p_legs, p_tokens, p_micros) as u (leg, tokens, micros) on u.leg = h.leg
    where h.tenant_id = p_tenant and h.owner_id = p_turn;
    -- Whoever rates the answer waits from here on.
    perform from receipts r
    where r.tenant_id = p_tenant and r.turn_id = p_turn and r.settlement is null and r.feedback is null
    for update;
    if not found or is_fresh is not true or fitting <> cardinality(p_legs) then
        outcome := 'otherwise';
        return;
    end if;
    -- Its receipt is open, so it was not settled before.
    select s.outcome, s.held_tokens, s.budgets, s.open_holds
    into settle_as_planned.outcome, settle_as_planned.held_tokens, settle_as_planned.budgets, settle_as_planned.open_holds
    from settle_owner(p_tenant, p_turn, p_legs, p_tokens, p_micros, p_now, p_day, p_month) s;
end
$$;
