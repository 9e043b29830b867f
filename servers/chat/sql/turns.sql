-- Statements of the turns of a tenant, run under row-level security.

-- name: find_request
select turn_id, body_hash from turns where owner_sub = $1 and request_id = $2;

-- name: find_turn
select t.*, coalesce(u.last_sequence, 0) as last_sequence
from turns t
left join lateral (
    select j.last_sequence from journal j where j.tenant_id = t.tenant_id and j.turn_id = t.turn_id
    order by j.first_sequence desc limit 1
) u on true
where t.turn_id = $1 and ($2::text is null or t.owner_sub = $2);

-- name: find_text
select parts, tool_calls from messages where message_id = $1;

-- name: lock_conversation
select conversation_id, owner_sub, agent_id, status, current_leaf_id, running_turn_id
from conversations
where conversation_id = $1 and ($2::text is null or owner_sub = $2)
for update;

-- name: message_exists
select true from messages where conversation_id = $1 and message_id = $2;

-- name: insert_conversation
insert into conversations (
    tenant_id, conversation_id, owner_sub, agent_id, title, status, current_leaf_id, running_turn_id, message_count,
    create_time, update_time
) values ($1, $2, $3, $4, '', 'active', $5, $6, 1, $7, $7);

-- name: occupy_conversation
update conversations
set running_turn_id = $2, current_leaf_id = $3, message_count = message_count + 1, version = version + 1, update_time = $4
where conversation_id = $1;

-- name: insert_user_message
insert into messages (
    tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts, token_count, tokenizer, create_time
) values ($1, $2, $3, $4, $5, $6, 'user', $7, $8, $9, $10);

-- name: insert_turn
insert into turns (
    tenant_id, turn_id, owner_sub, request_id, body_hash, correlation_id, caller_roles, caller_scopes, conversation_id,
    agent_id, agent_version, user_message_id, parent_message_id, assistant_message_id, status, instance, lease_epoch, model,
    create_time
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19);

-- name: refuse_turn
update turns
set status = 'refused', error_reason = $2, error_metadata = $3, error_retry_seconds = $4, error_quota = $5, finish_reason = 'error',
    end_time = $6, request_id = case when $7 then null else request_id end
where turn_id = $1 and status = 'running';

-- name: withdraw_message
delete from messages where message_id = $1;

-- name: withdraw_conversation
delete from conversations where conversation_id = $1 and running_turn_id = $2 and message_count = 1;

-- name: free_refused_conversation
update conversations
set running_turn_id = null, current_leaf_id = $3, message_count = message_count - 1, version = version + 1, update_time = $4
where conversation_id = $1 and running_turn_id = $2;

-- name: end_turn
update turns
set status = $2, finish_reason = $3, error_reason = $4, error_metadata = $5, error_retry_seconds = $6, answer = $7, tool_calls = $8,
    partial_text_kept = $9, receipt_id = $10, model = $11, input_tokens = $12, cached_input_tokens = $13, output_tokens = $14,
    reasoning_tokens = $15, usage_estimated = $16, cost_micros = $17, end_time = $18
where turn_id = $1 and status = 'running' and lease_epoch = $19;

-- name: insert_assistant_message
insert into messages (
    tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts, tool_calls, token_count, tokenizer,
    partial, finish_reason, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, usage_estimated, cost_micros,
    receipt_id, model, create_time
)
select $1, $2, c.owner_sub, c.conversation_id, $3, $4, 'assistant', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19
from conversations c where c.conversation_id = $20;

-- name: free_conversation
-- The leaf follows the turn unless the person went to another branch meanwhile.
update conversations
set running_turn_id = null, message_count = message_count + $3, version = version + 1, update_time = $4,
    current_leaf_id = case when $3 > 0 and current_leaf_id = $5 then $6 else current_leaf_id end
where conversation_id = $1 and running_turn_id = $2;

-- name: insert_terminal
insert into journal (tenant_id, turn_id, first_sequence, last_sequence, lease_epoch, events) values ($1, $2, $3, $3, $4, $5);

-- name: insert_intents
insert into intents (
    tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, payload, next_time, create_time
)
select $1, intent_id, $2, $3, $4, $5, $6, kind, payload, next_time, $7
from unnest($8::uuid[], $9::text[], $10::bytea[], $11::timestamptz[]) as i (intent_id, kind, payload, next_time)
on conflict (tenant_id, turn_id, kind) do nothing;

-- name: find_end
select status from turns where turn_id = $1;

-- name: ask_to_cancel
update turns set cancel_requested = true where turn_id = $1 and status = 'running';

-- name: read_journal
select first_sequence, last_sequence, events, settlement from journal
where turn_id = $1 and last_sequence > $2
order by first_sequence limit 256;

-- name: lock_turn
select * from turns where turn_id = $1 and status = 'running' and lease_epoch = $2 for update;

-- name: read_branch
-- The branch that ends in a message, newest first; texts only as far as they could fit the window.
with recursive branch as (
    select m.message_id, m.parent_message_id, m.token_count, 1 as depth, 0::bigint as newer
    from messages m where m.conversation_id = $1 and m.message_id = $2
    union all
    select m.message_id, m.parent_message_id, m.token_count, b.depth + 1, b.newer + b.token_count
    from branch b join messages m on m.tenant_id = $5 and m.message_id = b.parent_message_id
    where b.depth < $3
)
select m.message_id, m.role, case when b.newer <= $4 then m.parts else '{}' end as parts,
    case when b.newer <= $4 then m.tool_calls else '[]' end as tool_calls, m.token_count,
    case when b.newer <= $4 then m.tokenizer end as tokenizer
from branch b join messages m on m.tenant_id = $5 and m.message_id = b.message_id
order by b.depth;

-- name: find_agent
select a.agent_id, v.version, v.name, v.system_prompt, v.model_profile_id, v.intelligence, v.autonomy, v.resource_micros_per_turn,
    v.risk_profile, v.canned_answer, v.warm_style, v.baseline, v.memory_scope, a.archived, r.weights
from agents a join agent_versions v on v.tenant_id = a.tenant_id and v.agent_id = a.agent_id and v.version = a.version
left join agent_retrieval r on r.tenant_id = a.tenant_id and r.agent_id = a.agent_id
where a.agent_id = $1;

-- name: keep_weights
insert into agent_retrieval (tenant_id, agent_id, weights, update_time) values ($1, $2, $3, $4)
on conflict (tenant_id, agent_id) do update set weights = excluded.weights, update_time = excluded.update_time
where agent_retrieval.weights is distinct from excluded.weights;

-- name: insert_agent
insert into agents (tenant_id, agent_id, name, version, create_time, update_time) values ($1, $2, $3, 1, $4, $4)
on conflict do nothing returning agent_id;

-- name: insert_first_version
insert into agent_versions (
    tenant_id, agent_id, version, name, system_prompt, model_profile_id, intelligence, autonomy, resource_micros_per_turn,
    risk_profile, canned_answer, warm_style, baseline, memory_scope, archived, changed_by, create_time
) values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, false, $14, $15)
on conflict do nothing;
