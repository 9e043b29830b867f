-- The statements of the governor. $1 is always the tenant where row-level security applies.

-- name: read_snapshot
-- Everything a plan depends on besides the request, and the answer if the turn was planned before.
select
    (
        select jsonb_agg(to_jsonb(b) - 'tenant_id' order by b.period) from budgets b where b.tenant_id = $1
    ) as budgets,
    (
        select jsonb_build_object(
            'version', l.version, 'level', l.level, 'good_checks', l.good_checks, 'worst_of_streak', l.worst_of_streak
        )
        from levels l where l.tenant_id = $1
    ) as level,
    (
        select jsonb_object_agg(t.tool, jsonb_build_array(t.attempts, t.successes))
        from tool_calls t where t.tenant_id = $1 and t.tool = any($2::text[])
    ) as tool_calls,
    (
        select jsonb_build_array(o.turns, o.tokens) from output_lengths o where o.tenant_id = $1 and o.model = $3
    ) as output,
    (
        select r.response from receipts r where r.tenant_id = $1 and r.turn_id = $4
    ) as response;

-- name: make_budgets
insert into budgets (tenant_id, period, window_start, limit_tokens, limit_micros, hard)
select $1, p.period, p.window_start, p.limit_tokens, p.limit_micros, true
from unnest($2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[])
    as p (period, window_start, limit_tokens, limit_micros)
on conflict do nothing;

-- name: open_receipt
-- One statement: the hold of leg 1 in all budgets, and the receipt if it was granted.
with placed as materialized (
    select * from place_hold($1, $2, $3, 1, $4, $5, $6, $7, $8, $9)
), opened as (
    insert into receipts (
        receipt_id, tenant_id, turn_id, owner_sub, model, lanes_planned, predicted_output_tokens, aiq_predicted, plan,
        response, plan_time
    )
    select $10, $1, $3, $11, $12, $13, $14, $15, $16, $17, $7 from placed where outcome = 'granted'
)
select * from placed;

-- name: place_hold
select * from place_hold($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: read_response
select response from receipts where tenant_id = $1 and turn_id = $2;

-- name: find_owner
-- Asked while the budgets are locked, so that what is seen here is what the hold is placed upon.
select
    exists (select 1 from receipts where tenant_id = $1 and turn_id = $2) as is_planned,
    exists (select 1 from settlements where tenant_id = $1 and owner_id = $2) as is_settled;

-- name: save_level
insert into levels (tenant_id, version, level, good_checks, worst_of_streak) values ($1, 1, $3, $4, $5)
on conflict (tenant_id) do update
set version = levels.version + 1, level = $3, good_checks = $4, worst_of_streak = $5
where levels.version = $2;

-- name: settle_holds
select * from settle_holds($1, $2, $3, $4, $5, $6, $7, $8);

-- name: find_turn_of_settlement
select receipt_id, model, lanes_planned, predicted_output_tokens, settlement from receipts where tenant_id = $1 and turn_id = $2;

-- name: close_receipt
-- The second half of the receipt, and what the planner learns from it.
with closed as (
    update receipts set settlement = $3, aiq_observed = $4, settle_time = $5
    where tenant_id = $1 and turn_id = $2
), learned_tools as (
    insert into tool_calls (tenant_id, tool, attempts, successes)
    select $1, t.tool, t.attempts, t.successes
    from unnest($6::text[], $7::bigint[], $8::bigint[]) as t (tool, attempts, successes)
    on conflict (tenant_id, tool) do update
    set attempts = tool_calls.attempts + excluded.attempts, successes = tool_calls.successes + excluded.successes
)
insert into output_lengths (tenant_id, model, turns, tokens)
select $1, $9, 1, $10::bigint where $10::bigint > 0
on conflict (tenant_id, model) do update
set turns = output_lengths.turns + 1, tokens = output_lengths.tokens + excluded.tokens;

-- name: list_budgets
select
    b.*,
    (select count(*) from holds h where h.tenant_id = $1 and h.state = 'open' and h.lease_expire_time > $2) as open_holds
from budgets b where b.tenant_id = $1 order by b.period;

-- name: lock_budgets
select lock_budgets($1, $2, $3);

-- name: set_budget
update budgets set limit_tokens = $3, limit_micros = $4, hard = $5 where tenant_id = $1 and period = $2;

-- name: find_receipt
select plan, settlement, owner_sub from receipts where tenant_id = $1 and (receipt_id = $2 or turn_id = $2);

-- name: list_tenants_with_expired
select distinct tenant_id from holds where state = 'open' and lease_expire_time <= $1;

-- name: return_expired
select return_expired($1, $2);
