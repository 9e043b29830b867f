-- Statements of agents, conversations and their messages, run under row-level security.

-- name: find_agent
select a.create_time, a.update_time, a.agent_id, v.version, v.name, v.system_prompt, v.model_profile_id, v.intelligence, v.autonomy,
    v.resource_micros_per_turn, v.risk_profile, v.canned_answer, v.warm_style, v.baseline, v.memory_scope, a.archived,
    v.tool_rules
from agents a join agent_versions v on v.tenant_id = a.tenant_id and v.agent_id = a.agent_id and v.version = a.version
where a.agent_id = $1

-- name: lock_agent
select true from agents where agent_id = $1 for update

-- name: list_agents
select a.create_time, a.update_time, a.agent_id, v.version, v.name, v.system_prompt, v.model_profile_id, v.intelligence, v.autonomy,
    v.resource_micros_per_turn, v.risk_profile, v.canned_answer, v.warm_style, v.baseline, v.memory_scope, a.archived,
    v.tool_rules
from agents a join agent_versions v on v.tenant_id = a.tenant_id and v.agent_id = a.agent_id and v.version = a.version
where ($1 or not a.archived) and a.name > $2
order by a.name
limit $3

-- name: insert_agent
insert into agents (tenant_id, agent_id, name, version, create_time, update_time) values ($1, $2, $3, 1, $4, $4)

-- name: change_agent
update agents set name = $2, version = $3, archived = $4, update_time = $5 where agent_id = $1

-- name: insert_version
insert into agent_versions (
    tenant_id, agent_id, version, name, system_prompt, model_profile_id, intelligence, autonomy, resource_micros_per_turn,
    risk_profile, canned_answer, warm_style, baseline, memory_scope, archived, tool_rules, changed_by, create_time
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)

-- name: insert_conversation
insert into conversations (tenant_id, conversation_id, owner_sub, agent_id, title, status, create_time, update_time)
values ($1, $2, $3, $4, $5, 'active', $6, $6)

-- name: find_conversation
select * from conversations where conversation_id = $1 and ($2::text is null or owner_sub = $2)

-- name: lock_conversation
select * from conversations where conversation_id = $1 and ($2::text is null or owner_sub = $2) for update

-- name: list_conversations
select * from conversations
where ($1::text is null or owner_sub = $1) and status = $2
    and strpos(lower(title), lower($6)) > 0
    and ($3::timestamptz is null or (update_time, conversation_id) < ($3, $4::uuid))
order by update_time desc, conversation_id desc
limit $5

-- name: change_conversation
update conversations
set title = $2, status = $3, current_leaf_id = $4, version = version + 1, update_time = $5
where conversation_id = $1
returning *

-- name: set_status
update conversations set status = $2, version = version + 1, update_time = $3
where conversation_id = $1 and status <> $2
returning owner_sub

-- name: waits_for_person
select status = 'waiting' from turns where turn_id = $1

-- name: erase_conversation
-- Nothing that was said in it stays, nor what still was to be learned from it, which goes with what was learned ($3).
-- A turn that waited for a person is billed for what it had used.
with owed as (
    insert into intents (
        tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, payload, next_time,
        create_time
    )
    select t.tenant_id, gen_random_uuid(), t.owner_sub, t.caller_roles, t.caller_scopes, t.correlation_id, t.turn_id,
        'settle_turn', t.draft, $2, $2
    from turns t where t.conversation_id = $1 and t.status = 'waiting' and t.draft is not null
    on conflict (tenant_id, turn_id, kind) do nothing
),
gone as (
    delete from turns where conversation_id = $1 returning tenant_id, turn_id
),
streamed as (
    delete from journal j using gone g where j.tenant_id = g.tenant_id and j.turn_id = g.turn_id
),
said as (
    delete from messages where conversation_id = $1
),
words as (
    -- What clients said of their tools and answers in it.
    delete from prompt_bases where conversation_id = $1
),
untold as (
    delete from intents i using gone g
    where $3 and i.tenant_id = g.tenant_id and i.turn_id = g.turn_id and i.kind in ('store_memory', 'store_memories', 'extract_memories')
),
lettered as (
    delete from dead_letters l using gone g
    where $3 and l.tenant_id = g.tenant_id and l.consumer = $4 and l.stream in (
        'intent/' || g.turn_id || '/store_memory', 'intent/' || g.turn_id || '/store_memories',
        'intent/' || g.turn_id || '/extract_memories'
    )
)
update conversations
set title = '', current_leaf_id = null, message_count = 0, version = version + 1, update_time = $2
where conversation_id = $1 and status = 'deleted'

-- name: newest_leaf
-- The newest message of all that come after one, itself included: whoever goes to it goes to where it went on last. Nothing
-- follows the newest one, for what follows is newer.
with recursive after as (
    select m.tenant_id, m.message_id from messages m where m.conversation_id = $1 and m.message_id = $2
    union all
    select m.tenant_id, m.message_id
    from after a join messages m
        on m.tenant_id = a.tenant_id and m.conversation_id = $1 and m.parent_message_id = a.message_id
)
select message_id from after order by message_id desc limit 1

-- name: list_branch
with recursive branch as (
    select m.tenant_id, m.message_id, m.parent_message_id
    from messages m
    where m.conversation_id = $1 and m.message_id = $2
    union all
    select m.tenant_id, m.message_id, m.parent_message_id
    from branch b join messages m on m.tenant_id = b.tenant_id and m.message_id = b.parent_message_id
)
select m.*, s.sibling_count, s.sibling_number, coalesce(r.rating, 0) as rating
from branch b join messages m on m.tenant_id = b.tenant_id and m.message_id = b.message_id
cross join lateral siblings_of(m.tenant_id, m.conversation_id, m.parent_message_id, m.message_id) s
left join turns r on r.tenant_id = m.tenant_id and r.turn_id = m.turn_id and m.role = 'assistant'
where $3::uuid is null or m.message_id > $3
order by m.message_id
limit $4

-- name: list_branch_from_end
with recursive branch as (
    select m.tenant_id, m.message_id, m.parent_message_id, 1 as depth
    from messages m
    where m.conversation_id = $1 and m.message_id = $2
    union all
    select m.tenant_id, m.message_id, m.parent_message_id, b.depth + 1
    from branch b join messages m on m.tenant_id = b.tenant_id and m.message_id = b.parent_message_id
    where b.depth < $3
)
select m.*, s.sibling_count, s.sibling_number, coalesce(r.rating, 0) as rating
from branch b join messages m on m.tenant_id = b.tenant_id and m.message_id = b.message_id
cross join lateral siblings_of(m.tenant_id, m.conversation_id, m.parent_message_id, m.message_id) s
left join turns r on r.tenant_id = m.tenant_id and r.turn_id = m.turn_id and m.role = 'assistant'
order by m.message_id

-- name: list_messages
select m.*, s.sibling_count, s.sibling_number, coalesce(r.rating, 0) as rating
from messages m
cross join lateral siblings_of(m.tenant_id, m.conversation_id, m.parent_message_id, m.message_id) s
left join turns r on r.tenant_id = m.tenant_id and r.turn_id = m.turn_id and m.role = 'assistant'
where m.conversation_id = $1 and ($2::uuid is null or m.message_id > $2)
order by m.message_id
limit $3
