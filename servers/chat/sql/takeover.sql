-- Statements that move a turn from one process to another, and what is read to go on with it; of a tenant, under row-level security.

-- name: claim_turn
-- Moves a turn to this process under its epoch; nothing when it is not as it was seen.
with seen as (
    select turn_id, instance, lease_epoch from turns
    where turn_id = $1 and status = $2 and ($3::bigint is null or lease_epoch = $3) for update
)
update turns t
set status = 'running', instance = $4, lease_epoch = $5,
    takeovers = t.takeovers + (t.status = 'running' and seen.lease_epoch > 0)::integer,
    running_since = case when t.status = 'running' then t.running_since else $6 end
from seen where t.turn_id = seen.turn_id
returning t.*, seen.instance as from_instance;

-- name: take_place
-- The conversation's place for a turn that was queued; nothing when the conversation is closed or another turn has it.
update conversations set running_turn_id = $2
where conversation_id = $1 and status = 'active' and running_turn_id is null returning conversation_id;

-- name: find_owner
select owner_sub from conversations where conversation_id = $1;

-- name: find_agent
select v.agent_id, v.version, v.name, v.system_prompt, v.model_profile_id, v.intelligence, v.autonomy,
    v.resource_micros_per_turn, v.risk_profile, v.canned_answer, v.warm_style, v.baseline, v.memory_scope, v.archived, r.weights
from agent_versions v
left join agent_retrieval r on r.tenant_id = v.tenant_id and r.agent_id = v.agent_id
where v.agent_id = $1 and v.version = $2;
