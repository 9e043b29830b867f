-- name: find_turn
-- Of this agent, where one is named.
select turn_id, agent_id, shares, memories_used, signal, judged_time
from turn_shares
where tenant_id = $1 and turn_id = $2 and ($3::uuid is null or agent_id = $3)

-- name: find_newest_turn
select turn_id, agent_id, shares, memories_used, signal, judged_time
from turn_shares
where tenant_id = $1 and agent_id = $2
order by time desc, turn_id desc
limit 1

-- name: find_newest_turn_of_conversation
select turn_id, agent_id, shares, memories_used, signal, judged_time
from turn_shares
where tenant_id = $1 and conversation_id = $2 and ($3::uuid is null or agent_id = $3)
order by time desc, turn_id desc
limit 1

-- name: judge_turn
update turn_shares set signal = $3, judged_version = $4, judged_time = $5 where tenant_id = $1 and turn_id = $2

-- name: unjudge_turns
-- What was said of turns after a version counts no more. When it was said is still known.
update turn_shares set signal = null, judged_version = null
where tenant_id = $1 and agent_id = $2 and judged_version > $3

-- name: make_adaptation
-- The first version, also in the log.
with made as (
    insert into agent_adaptations (tenant_id, agent_id, version, weights, learning_rate, feedback_count, mean_shares, time)
    values ($1, $2, 0, $3, $4, 0, $5, $6)
    on conflict do nothing
    returning *
)
insert into adaptation_log (
    tenant_id, agent_id, version, weights, learning_rate, feedback_count, mean_shares, time, kind, cause, changed_by
)
select tenant_id, agent_id, version, weights, learning_rate, feedback_count, mean_shares, time, 'first', $7, ''
from made

-- name: lock_adaptation
select version, weights, learning_rate, feedback_count, mean_shares
from agent_adaptations
where tenant_id = $1 and agent_id = $2
for update

-- name: move_adaptation
-- Whoever writes has locked it.
update agent_adaptations
set version = $3, weights = $4, learning_rate = $5, feedback_count = $6, mean_shares = $7, time = $8
where tenant_id = $1 and agent_id = $2

-- name: write_line
insert into adaptation_log (
    tenant_id, agent_id, version, weights, learning_rate, feedback_count, mean_shares, time, kind, cause, turn_id,
    changed_by, signal, rate, shares, characters, memories_used, again
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)

-- name: forget_lines
delete from adaptation_log where tenant_id = $1 and agent_id = $2 and version < $3

-- name: find_line
select version, weights, learning_rate, feedback_count, mean_shares, time, kind, cause, turn_id, changed_by,
    signal, rate, shares, characters, memories_used, again
from adaptation_log
where tenant_id = $1 and agent_id = $2 and version = $3

-- name: list_lines
select version, weights, learning_rate, feedback_count, mean_shares, time, kind, cause, turn_id, changed_by,
    signal, rate, shares, characters, memories_used, again
from adaptation_log
where tenant_id = $1 and agent_id = $2 and version < $3
order by version desc
limit $4

-- name: forget_turns
with old as (select tenant_id, turn_id from turn_shares where time < $1 limit $2),
gone as (
    delete from turn_shares t using old where t.tenant_id = old.tenant_id and t.turn_id = old.turn_id returning 1
)
select count(*) as count from gone
