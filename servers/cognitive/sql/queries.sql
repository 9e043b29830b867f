-- name: find_state
select version, state_values, baseline, as_of, recent_failures from find_state($1, $2)

-- name: make_state
insert into agent_states (tenant_id, agent_id, version, state_values, baseline, as_of)
values ($1, $2, 0, $3, $3, $4)
on conflict do nothing

-- name: lock_state
select version, state_values, baseline, as_of, recent_failures
from agent_states
where tenant_id = $1 and agent_id = $2
for update

-- name: move_state
-- A line of the log, the state that it leads to and the event that tells of it; 0 when the state has moved meanwhile.
select case
    when move_state($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) then (
        select count(*) from append_events($1, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
    )
    else 0
end as written

-- name: list_log
select version, kind, turn_id, changed_by, time, baseline, before, after,
    signal_names, signal_upward, signal_strengths, signal_causes, failed
from state_log
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and agent_id = $1 and version < $2
order by version desc
limit $3

-- name: list_log_after
select version, kind, turn_id, changed_by, time, baseline, before, after,
    signal_names, signal_upward, signal_strengths, signal_causes, failed
from state_log
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and agent_id = $1 and version > $2
order by version
limit $3

-- name: find_snapshot
select version, state_values, baseline, as_of, recent_failures
from state_snapshots
where tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and agent_id = $1 and version <= $2
order by version < $2 desc, version desc
limit 1
