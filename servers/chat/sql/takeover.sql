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

-- name: note_draft
-- What was used before a further model call; nothing when another process has the turn.
update turns set draft = $3, draft_sequence = $4
where turn_id = $1 and status = 'running' and lease_epoch = $2 returning turn_id;

-- name: release_turn
-- Lets go of a turn: no process has this epoch, so whoever looks next may claim it.
update turns set lease_epoch = 0 where turn_id = $1 and status = 'running' and lease_epoch = $2;

-- name: find_placed
-- What a turn's place changed.
select user_message_id, assistant_message_id, parent_message_id, leaf_before from turns where turn_id = $1;

-- name: find_place
select owner_sub, title = '' as untitled from conversations where conversation_id = $1;

-- name: find_agent
select v.agent_id, v.version, v.name, v.system_prompt, v.model_profile_id, v.intelligence, v.autonomy,
    v.resource_micros_per_turn, v.risk_profile, v.canned_answer, v.warm_style, v.baseline, v.memory_scope, v.archived,
    v.tool_rules, r.weights
from agent_versions v
left join agent_retrieval r on r.tenant_id = v.tenant_id and r.agent_id = v.agent_id
where v.agent_id = $1 and v.version = $2;
