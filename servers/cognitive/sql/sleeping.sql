-- name: find_sleep
-- Column by column: what is sent as a row of a table is refused by a driver that knew the table before it grew.
select
    (f.sleep).version, (f.sleep).state, (f.sleep).previous, (f.sleep).since, (f.sleep).until,
    (f.sleep).return_states, (f.sleep).return_untils,
    (f.load).load, (f.load).open_turns, (f.load).context_fill, (f.load).error_rate,
    (f.load).unconsolidated, (f.load).turns_above, (f.load).above_since, (f.load).time, (f.load).relief,
    (f.load).relief_time, (f.load).last_nrem_time, (f.load).last_rem_time, (f.load).asked_time
from find_sleep($1, $2) f

-- name: find_many
-- As the worker: those of many agents of many tenants at once.
select w.tenant_id, w.agent_id,
    s.version, s.state, s.previous, s.since, s.until,
    s.return_states, s.return_untils,
    l.load, l.open_turns, l.context_fill, l.error_rate,
    l.unconsolidated, l.turns_above, l.above_since, l.time, l.relief,
    l.relief_time, l.last_nrem_time, l.last_rem_time, l.asked_time
from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, agent_id)
left join agent_sleeps s using (tenant_id, agent_id)
left join agent_loads l using (tenant_id, agent_id)

-- name: make_sleep
insert into agent_sleeps (tenant_id, agent_id, version, state, previous, since)
values ($1, $2, 0, 1, 1, $3)
on conflict do nothing

-- name: lock_sleep
select version, state, previous, since, until, return_states, return_untils
from agent_sleeps
where tenant_id = $1 and agent_id = $2
for update

-- name: lock_ended_sleep
-- One whose time to live ran out, unless somebody else is at it.
select version, state, previous, since, until, return_states, return_untils
from agent_sleeps
where tenant_id = $1 and agent_id = $2 and until <= $3
for update skip locked

-- name: move_sleep
with moved as (
    update agent_sleeps
    set version = $3, state = $4, previous = $5, since = $6, until = $7, return_states = $8, return_untils = $9
    where tenant_id = $1 and agent_id = $2 and version = $3 - 1
    returning 1
)
insert into sleep_log (tenant_id, agent_id, version, previous, state, cause, changed_by, trace_id, time, until)
select $1, $2, $3, $10, $4, $11, $12, $13, $14, $7 from moved
returning version

-- name: find_cause
select cause from sleep_log where tenant_id = $1 and agent_id = $2 and version = $3

-- name: ended_sleeps
select tenant_id, agent_id from agent_sleeps where until <= $1 order by until limit $2

-- name: high_loads
-- Whose load may start a cycle: it is judged by whoever asks.
select l.tenant_id, l.agent_id,
    s.version, s.state, s.previous, s.since, s.until,
    s.return_states, s.return_untils,
    l.load, l.open_turns, l.context_fill, l.error_rate,
    l.unconsolidated, l.turns_above, l.above_since, l.time, l.relief,
    l.relief_time, l.last_nrem_time, l.last_rem_time, l.asked_time
from agent_loads l
left join agent_sleeps s using (tenant_id, agent_id)
where l.above_since is not null and l.time > $1 and (l.asked_time is null or l.asked_time <= $2)
    and (l.turns_above >= $3 or l.above_since <= $4)
order by l.time
limit $5

-- name: take_up_load
-- Whoever marks it starts the cycle; others find the mark.
update agent_loads
set asked_time = $3
where tenant_id = $1 and agent_id = $2 and (asked_time is null or asked_time <= $4)
returning agent_id

-- name: take_up_counting
-- Agents that had a turn since their memories were counted, each at most once in a while.
update agent_loads l
set unconsolidated_time = $1
from (
    select tenant_id, agent_id
    from agent_loads
    where (unconsolidated_time is null or unconsolidated_time < time)
        and (unconsolidated_time is null or unconsolidated_time <= $2)
    order by time
    limit $3
    for update skip locked
) due
where l.tenant_id = due.tenant_id and l.agent_id = due.agent_id
returning l.tenant_id, l.agent_id

-- name: newest_namespaces
select namespace
from agent_namespaces
where tenant_id = $1 and agent_id = $2
order by last_turn_time desc
limit $3

-- name: count_unconsolidated
update agent_loads set unconsolidated = $3 where tenant_id = $1 and agent_id = $2
