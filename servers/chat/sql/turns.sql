-- Statements of the turns of a tenant, run under row-level security.

-- name: look_before_turn
-- With how many turns of the agent are open.
select l.*, o.open_turns
from look_before_turn($1, $2, $3, $4, $5, $6, $7, $8, $9) l
cross join lateral (
    select count(*)::integer as open_turns from turns t
    where t.tenant_id = $1 and t.agent_id = l.agent_id and t.status in ('running', 'waiting')
) o;

-- name: take_turn_in
-- Counts the message where an interval is given, stores the turn if it is not one too many, and the events where the turn
-- was stored. Each step asks for the one before, so they happen in this order.
with asked as materialized (
    select enter_tenant($1) where $45::interval is not null
),
taken as (
    :taken
),
turn as materialized (
    select case
        when $45::interval is not null and not exists (select from taken) then 'limited'
        else take_turn_in(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32
        )
    end as outcome
)
select t.outcome,
    case when t.outcome in ('stored', 'queued') then (
        select count(*) from append_events($1, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44)
    ) end as events,
    case when t.outcome = 'limited' then :wait end as wait_seconds
from turn t;

-- name: find_turn
select t.*, coalesce(u.last_sequence, 0) as last_sequence
from turns t
left join lateral (
    select j.last_sequence from journal j where j.tenant_id = t.tenant_id and j.turn_id = t.turn_id
    order by j.first_sequence desc limit 1
) u on true
where t.turn_id = $1 and ($2::text is null or t.owner_sub = $2) and not exists (
    select from conversations c
    where c.tenant_id = t.tenant_id and c.conversation_id = t.conversation_id and c.status = 'deleted'
);

-- name: list_turns
-- Newest first; those of deleted conversations are gone.
select t.*, coalesce(u.last_sequence, 0) as last_sequence
from turns t
left join lateral (
    select j.last_sequence from journal j where j.tenant_id = t.tenant_id and j.turn_id = t.turn_id
    order by j.first_sequence desc limit 1
) u on true
where ($1::text is null or t.owner_sub = $1) and ($2::uuid is null or t.conversation_id = $2)
    and ($3::text is null or t.status = $3) and ($4::uuid is null or t.turn_id < $4)
    and not exists (
        select from conversations c
        where c.tenant_id = t.tenant_id and c.conversation_id = t.conversation_id and c.status = 'deleted'
    )
order by t.turn_id desc limit $5;

-- name: lock_rated
select turn_id, conversation_id, agent_id, receipt_id, status, correlation_id, rating from turns t
where turn_id = $1 and ($2::text is null or owner_sub = $2) and not exists (
    select from conversations c
    where c.tenant_id = t.tenant_id and c.conversation_id = t.conversation_id and c.status = 'deleted'
) for update;

-- name: rate_turn
update turns set rating = $2, rating_text = $3, rate_time = $4 where turn_id = $1;

-- name: find_text
select parts, tool_calls from messages where message_id = $1;

-- name: insert_turn
-- A turn that is refused before anything else was stored.
insert into turns (
    tenant_id, turn_id, owner_sub, request_id, body_hash, correlation_id, caller_roles, caller_scopes, conversation_id,
    agent_id, agent_version, user_message_id, parent_message_id, assistant_message_id, instance, lease_epoch, model,
    create_time, status
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'running');

-- name: refuse_turn
update turns
set status = 'refused', error_reason = $2, error_metadata = $3, error_retry_seconds = $4, error_quota = $5, finish_reason = 'error',
    end_time = $6, request_id = case when $7 then null else request_id end
where turn_id = $1 and status = 'running' and lease_epoch = $8;

-- name: withdraw_message
delete from messages where message_id = $1;

-- name: withdraw_conversation
delete from conversations where conversation_id = $1 and running_turn_id = $2 and message_count = 1;

-- name: free_refused_conversation
update conversations
set running_turn_id = null, current_leaf_id = $3, message_count = message_count - $5, version = version + 1, update_time = $4
where conversation_id = $1 and running_turn_id = $2;

-- name: end_turn
-- The event is written last, for its stream is locked until the end. Then the turn that is queued next can be told.
select case
    when end_turn(
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39
    ) then (
        select count(*) from append_events($1, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51)
    )
    else 0
end as ended, next_queued($1, $21) as next_turn_id;

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
update turns set cancel_requested = true where turn_id = $1 and status in ('running', 'waiting');

-- name: read_journal
select first_sequence, last_sequence, events, settlement from journal
where turn_id = $1 and last_sequence > $2
order by first_sequence limit 256;

-- name: lock_turn
select * from turns where turn_id = $1 and status = 'running' and lease_epoch = $2 for update;

-- name: read_branch
select message_id, role, parts, tool_calls, tool_results, token_count, tokenizer from read_branch($1, $2, $3, $4, $5);

-- name: insert_agent
insert into agents (tenant_id, agent_id, name, version, create_time, update_time) values ($1, $2, $3, 1, $4, $4)
on conflict do nothing returning agent_id;

-- name: insert_first_version
insert into agent_versions (
    tenant_id, agent_id, version, name, system_prompt, model_profile_id, intelligence, autonomy, resource_micros_per_turn,
    risk_profile, canned_answer, warm_style, baseline, memory_scope, archived, changed_by, create_time
) values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, false, $14, $15)
on conflict do nothing;
