-- What erases a person here. Whom, `begin_erasing` has said in the same transaction.

-- name: receipts_of_person
select receipt_id, turn_id, plan, response, settlement from receipts where person_in(owner_sub) order by turn_id limit $1;

-- name: strip_receipts
-- What was used and paid stays for the tenant's accounts, without whose it was and where it was said.
update receipts r
set owner_sub = erased_as(), conversation_id = null, plan = s.plan, response = s.response, settlement = s.settlement
from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[]) as s (turn_id, plan, response, settlement)
where r.turn_id = s.turn_id;

-- name: erase_budgets
-- A limit of the person's own goes; what was counted and is held keeps its sums, and no limit.
with limits as (
    delete from scoped_budgets where scope = 'user' and person_in(scope_id) returning 1
),
counters as (
    update scoped_counters set scope_id = person_out(scope_id) where scope = 'user' and person_in(scope_id) returning 1
),
holding as (
    update holds set user_sub = person_out(user_sub), conversation_id = null where person_in(user_sub) returning 1
),
marks as (
    delete from rate_marks where person_in(subject) returning 1
)
select (select count(*) from limits) + (select count(*) from counters) + (select count(*) from holding)
    + (select count(*) from marks);

-- name: erase_configurations
-- The tenant keeps its configuration and its history; who made a version, and what they said of it, goes.
with unsaid as (
    update configurations set changed_by = person_out(changed_by), comment = '' where person_in(changed_by) returning 1
)
select count(*) from unsaid;
