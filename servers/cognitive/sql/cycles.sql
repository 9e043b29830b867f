-- Sleep cycles and the groups of those that run.

-- name: begin
-- Unless one of the agent runs.
insert into sleep_cycles (
    tenant_id, cycle_id, agent_id, state, cause, nrem, rem, token_budget, max_seconds, load_before, start_time
)
values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)
on conflict do nothing
returning *

-- name: find
select * from sleep_cycles where tenant_id = $1 and cycle_id = $2

-- name: lock
select * from sleep_cycles where tenant_id = $1 and cycle_id = $2 for update

-- name: running
select * from sleep_cycles where tenant_id = $1 and agent_id = $2 and state = 1

-- name: list
select * from sleep_cycles
where tenant_id = $1 and agent_id = $2
    and ($3::timestamptz is null or (start_time, cycle_id) < ($3::timestamptz, $4::uuid))
order by start_time desc, cycle_id desc
limit $5

-- name: stop
update sleep_cycles set stopping = true where tenant_id = $1 and cycle_id = $2 and state = 1 returning *

-- name: enter_step
-- A step begins, or goes on, only where the cycle runs and nobody has stopped it.
update sleep_cycles set step = $3 where tenant_id = $1 and cycle_id = $2 and state = 1 and not stopping returning *

-- name: note_problem
update sleep_cycles set problem = $3 where tenant_id = $1 and cycle_id = $2 and state = 1

-- name: lay_out
-- What is replayed; once, as the groups that were laid out first stay.
update sleep_cycles
set replayed_ids = $3, replayed_count = cardinality($3::uuid[]), sentences = sentences || $4::text[]
where tenant_id = $1 and cycle_id = $2 and state = 1 and not stopping and sentences = '{}'
returning cycle_id

-- name: add_groups
insert into sleep_cycle_groups (tenant_id, cycle_id, number, namespace, memory_ids)
values ($1, $2, $3, $4, $5)
on conflict do nothing

-- name: next_group
-- The one on its way, else the first that waits; with how many are left.
select *, count(*) over () as left_count
from sleep_cycle_groups
where tenant_id = $1 and cycle_id = $2 and state in (1, 2)
order by state desc, number
limit 1

-- name: send_group
-- What a group is sent with stays what it is sent with.
update sleep_cycle_groups g
set state = 2, token_budget = $4, by_rules = $5
from sleep_cycles c
where g.tenant_id = $1 and g.cycle_id = $2 and g.number = $3 and g.state = 1
    and c.tenant_id = g.tenant_id and c.cycle_id = g.cycle_id and c.state = 1 and not c.stopping
returning g.number

-- name: resend_group
-- By rules, as no model answered.
with away as (
    update sleep_cycles set model_away = true, used_tokens = used_tokens + $4
    where tenant_id = $1 and cycle_id = $2 and state = 1 and not stopping
    returning cycle_id
)
update sleep_cycle_groups g set by_rules = true, token_budget = 0
from away
where g.tenant_id = $1 and g.cycle_id = away.cycle_id and g.number = $3 and g.state = 2 and not g.by_rules
returning g.number

-- name: end_group
with ended as (
    update sleep_cycle_groups set state = 3
    where tenant_id = $1 and cycle_id = $2 and number = $3 and state = 2
    returning cycle_id
)
update sleep_cycles c
set group_count = group_count + 1, fact_count = fact_count + $4, used_tokens = used_tokens + $5,
    coverage = least(coverage, $6), consolidation_ids = consolidation_ids || $7::uuid[]
from ended
where c.tenant_id = $1 and c.cycle_id = ended.cycle_id and c.state = 1
returning c.cycle_id

-- name: undo_group
with undone as (
    update sleep_cycle_groups set state = 3
    where tenant_id = $1 and cycle_id = $2 and number = $3 and state = 2
    returning cycle_id
)
update sleep_cycles c set used_tokens = used_tokens + $4
from undone
where c.tenant_id = $1 and c.cycle_id = undone.cycle_id
returning c.cycle_id

-- name: say
-- What was said already is not said again.
update sleep_cycles
set sentences = case when sentences @> $3::text[] then sentences else sentences || $3::text[] end,
    hypothesis_count = $4, swept_count = $5, sweep_id = $6
where tenant_id = $1 and cycle_id = $2 and state = 1

-- name: end_cycle
with ended as (
    update sleep_cycles
    set state = $3, sentences = sentences || $4::text[], load_after = $5, end_time = $6
    where tenant_id = $1 and cycle_id = $2 and state = 1
    returning *
),
gone as (
    delete from sleep_cycle_groups g using ended where g.tenant_id = $1 and g.cycle_id = ended.cycle_id
)
select * from ended

-- name: relieve
insert into agent_loads as l (tenant_id, agent_id, time, relief, relief_time, last_nrem_time, last_rem_time)
values (
    $1, $2, $3::timestamptz, $4, $3::timestamptz, case when $5 then $3::timestamptz end, case when $6 then $3::timestamptz end
)
on conflict (tenant_id, agent_id) do update
set relief = $4, relief_time = $3::timestamptz, last_nrem_time = coalesce(excluded.last_nrem_time, l.last_nrem_time),
    last_rem_time = coalesce(excluded.last_rem_time, l.last_rem_time)
