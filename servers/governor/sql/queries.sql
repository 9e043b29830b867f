-- The statements of the governor. $1 is always the tenant where row-level security applies.

-- name: read_snapshot
-- What is selected is computed after the function has entered the tenant.
select s.budgets, s.tool_calls, s.output, s.response, standing_of($1) as standing, scoped_states($1, $5, $6, $7) as scoped_budgets
from read_snapshot($1, $2, $3, $4) as s;

-- name: make_budgets
insert into budgets (tenant_id, period, window_start, limit_tokens, limit_micros, hard)
select $1, p.period, p.window_start, p.limit_tokens, p.limit_micros, true
from unnest($2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[])
    as p (period, window_start, limit_tokens, limit_micros)
on conflict do nothing;

-- name: open_receipt
select * from open_receipt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21);

-- name: hold_leg
select * from hold_leg($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: settle_owner
select * from settle_owner($1, $2, $3, $4, $5, $6, $7, $8);

-- name: find_open_receipt
select * from find_open_receipt($1, $2);

-- name: settle_as_planned
-- Everything that a turn's end changes, in one statement; the event is written last, for its stream is locked until the end.
with booked as materialized (
    select * from settle_as_planned($1, $2, $3, $4, $5, $6, $7, $8)
), recorded as (
    insert into idempotency (tenant_id, sub, method, request_id, body_hash, response)
    select $1, $17::text, $18::text, $19::uuid, $20::bytea, $21::bytea from booked where outcome = 'settled' and $19 is not null
)
select b.outcome, b.held_tokens, b.budgets, b.open_holds, case
    when b.outcome = 'settled' and (select finished from finish_receipt($1, $2, $9, $10, $11, $12, $13, $14, $15, $16)) then (
        select count(*) from append_events($1, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)
    )
end as told
from booked b;

-- name: release_holds
select * from release_holds($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: close_receipt
-- The event is written last, for its stream is locked until the end.
select
    f.feedback,
    case when f.finished then (
        select count(*) from append_events($1, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
    ) end
from finish_receipt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) f;

-- name: lock_rated
select settlement, predicted_output_tokens from receipts where tenant_id = $1 and turn_id = $2 for update;

-- name: rate_receipt
select rate_receipt($1, $2, $3, $4, $5);

-- name: list_calibration
select model, bin, turns, predicted, observed, absolute_error from calibration where tenant_id = $1 order by model, bin;

-- name: list_budgets
select
    b.*,
    (select count(*) from holds h where h.tenant_id = $1 and h.state = 'open' and h.lease_expire_time > $2) as open_holds
from budgets b where b.tenant_id = $1 order by b.period;

-- name: lock_budgets
select lock_budgets($1, $2, $3);

-- name: set_budget
update budgets set limit_tokens = $3, limit_micros = $4, hard = $5 where tenant_id = $1 and period = $2;

-- name: list_tenants_with_expired
select distinct tenant_id from holds where state = 'open' and lease_expire_time <= $1;

-- name: return_expired
select return_expired($1, $2);
