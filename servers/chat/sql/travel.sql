-- Statements of conversations that leave and arrive, run under row-level security.

-- name: find_agent_name
select name from agents where agent_id = $1

-- name: list_tree
select message_id, parent_message_id from messages where conversation_id = $1 order by message_id

-- name: read_messages
select m.*, s.sibling_count, s.sibling_number, coalesce(r.rating, 0) as rating
from messages m
cross join lateral siblings_of(m.tenant_id, m.conversation_id, m.parent_message_id, m.message_id) s
left join turns r on r.tenant_id = m.tenant_id and r.turn_id = m.turn_id and m.role = 'assistant'
where m.conversation_id = $1 and m.message_id = any($2::uuid[])

-- name: insert_conversation
insert into conversations (
    tenant_id, conversation_id, owner_sub, agent_id, title, status, current_leaf_id, message_count, create_time, update_time
) values ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9)
returning *

-- name: insert_message
insert into messages (
    tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts, tool_calls, tool_results,
    token_count, tokenizer, partial, finish_reason, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, usage_estimated,
    cost_micros, model, create_time, imported
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, true)
