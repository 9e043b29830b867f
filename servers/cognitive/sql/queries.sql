-- name: find_state
select version, state_values, baseline, as_of, recent_failures
from agent_states
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and agent_id = $1

-- name: make_state
insert into agent_states (tenant_id, agent_id, version, state_values, baseline, as_of)
values ($1, $2, 0, $3, $3, $4)
on conflict do nothing

-- name: lock_state
select version, state_values, baseline, as_of, recent_failures
from agent_states
where tenant_id = $1 and agent_id = $2
for update

-- name: save_state
update agent_states
set version = $3, state_values = $4, baseline = $5, as_of = $6, recent_failures = $7
where tenant_id = $1 and agent_id = $2

-- name: add_to_log
insert into state_log (
    tenant_id, agent_id, version, kind, turn_id, changed_by, time, baseline, before, after,
    signal_names, signal_upward, signal_strengths, signal_causes, failed
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)

-- name: find_turn
select version, after
from state_log
where tenant_id = $1 and agent_id = $2 and turn_id = $3

-- name: list_log
select version, kind, turn_id, changed_by, time, baseline, before, after,
    signal_names, signal_upward, signal_strengths, signal_causes, failed
from state_log
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and agent_id = $1 and version < $2
order by version desc
limit $3
