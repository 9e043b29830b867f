-- Statements of tool calls, their effects and who consents to them; of a tenant, under row-level security.

-- name: send_calls
select * from send_calls($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: end_call
select end_call($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) as ended;

-- name: read_calls
select call_id, round, position, name, arguments_json, arguments_hash, state, status, content, duration_milliseconds, decision,
    decided_by, note
from tool_calls where turn_id = $1 order by round, position;

-- name: wait_turn
-- What the governor must be told is written beside it; of a turn that waits once more the later one counts, under an id of its
-- own, so that nobody who delivers the earlier one takes it away.
with begun as materialized (
    select wait_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) as waits
), released as (
    insert into intents (
        tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, payload, next_time, create_time
    )
    select $1, $29::uuid, $30::text, $31::text[], $32::text[], $33::text, $2, $34::text, $35::bytea, $4, $4 from begun where waits
    on conflict (tenant_id, turn_id, kind) do update
    set intent_id = excluded.intent_id, payload = excluded.payload, next_time = excluded.next_time, attempts = 0,
        lease_expire_time = null, last_reason = ''
)
select case
    when (select waits from begun) then (
        select count(*) from append_events($1, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
    )
    else 0
end as waiting;

-- name: lock_turn
-- The turn that somebody decides about, and the number of its last event.
select t.status, t.conversation_id, t.agent_id, t.lease_epoch, t.correlation_id, (
    select coalesce(max(j.last_sequence), 0) from journal j where j.tenant_id = t.tenant_id and j.turn_id = t.turn_id
) as last_sequence
from turns t
where t.turn_id = $1 and ($2::text is null or t.owner_sub = $2) and not exists (
    select from conversations c
    where c.tenant_id = t.tenant_id and c.conversation_id = t.conversation_id and c.status = 'deleted'
)
for update of t;

-- name: find_call
select name, arguments_hash, state, expire_time, decision, note from tool_calls where turn_id = $1 and call_id = $2;

-- name: decide_call
update tool_calls
set decision = $3, decided_by = $4, note = $5, state = $6, status = $7, content = $8
where turn_id = $1 and call_id = $2 and state = 'waiting';

-- name: count_waiting
select count(*) from tool_calls where turn_id = $1 and state = 'waiting';

-- name: append_event
insert into journal (tenant_id, turn_id, first_sequence, last_sequence, lease_epoch, events) values ($1, $2, $3, $3, $4, $5);

-- name: list_approvals
select c.turn_id, c.call_id, c.name, c.arguments_json, c.arguments_hash, c.sentence, c.expire_time, c.create_time,
    t.conversation_id, t.agent_id, v.title
from tool_calls c
join turns t on t.tenant_id = c.tenant_id and t.turn_id = c.turn_id
join conversations v on v.tenant_id = t.tenant_id and v.conversation_id = t.conversation_id
where c.state = 'waiting' and t.status = 'waiting' and v.status <> 'deleted'
    and ($1::text is null or t.owner_sub = $1) and ($2::uuid is null or t.conversation_id = $2)
    and ($3::timestamptz is null or (c.create_time, c.turn_id, c.call_id) > ($3, $4::uuid, $5))
order by c.create_time, c.turn_id, c.call_id
limit $6;

-- name: lock_answer
-- The answer that ended with calls for its client, and the turn that made it.
select t.request, t.conversation_id, t.correlation_id, t.agent_id, t.caller_roles, t.caller_scopes, t.owner_sub,
    m.message_id, m.tool_calls, m.tool_results
from turns t
join messages m on m.tenant_id = t.tenant_id and m.message_id = t.assistant_message_id
join conversations c on c.tenant_id = t.tenant_id and c.conversation_id = t.conversation_id and c.status <> 'deleted'
where t.turn_id = $1 and t.status = 'completed' and t.finish_reason = 'tool_calls' and ($2::text is null or t.owner_sub = $2)
for update of m;

-- name: add_result
update messages set tool_results = tool_results || $2::jsonb where message_id = $1;

-- name: find_question
-- The message of the user that an answer answers, however many turns went on with results in between.
with recursive way as (
    select m.message_id, m.parent_message_id, m.role, m.parts, 1 as depth from messages m where m.message_id = $1
    union all
    select m.message_id, m.parent_message_id, m.role, m.parts, w.depth + 1
    from way w join messages m on m.message_id = w.parent_message_id
    where w.role <> 'user' and w.depth < 256
)
select message_id, parts from way where role = 'user';
