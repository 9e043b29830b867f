-- What erases a person here. Whom, `begin_erasing` has said in the same transaction; the tenant's rows are all that is seen.

-- name: stop_turns
-- Whoever runs them ends them; one that waits or is queued is run by nobody and is billed for what it had used.
with stopped as (
    update turns set cancel_requested = true where person_in(owner_sub) and status = 'running' and not cancel_requested
),
idle as (
    update turns set status = 'cancelled', finish_reason = 'cancelled', end_time = clock_timestamp()
    where person_in(owner_sub) and status in ('waiting', 'queued')
    returning tenant_id, turn_id, owner_sub, caller_roles, caller_scopes, correlation_id, conversation_id
),
let_go as (
    update conversations c set running_turn_id = null, version = c.version + 1 from idle i
    where c.conversation_id = i.conversation_id and c.running_turn_id = i.turn_id
)
insert into intents (
    tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, payload, next_time, create_time
)
select i.tenant_id, gen_random_uuid(), i.owner_sub, i.caller_roles, i.caller_scopes, i.correlation_id, i.turn_id,
    'settle_turn', t.draft, clock_timestamp(), clock_timestamp()
from idle i join turns t on t.turn_id = i.turn_id
where t.draft is not null
on conflict (tenant_id, turn_id, kind) do nothing;

-- name: count_unsettled
-- What still runs, and what is still to be billed.
select (select count(*) from turns where person_in(owner_sub) and status in ('running', 'waiting', 'queued'))
    + (select count(*) from intents where person_in(owner_sub) and kind = 'settle_turn');

-- name: erase_intents
with gone as (delete from intents where person_in(owner_sub) returning 1)
select count(*) from gone;

-- name: erase_turns
-- With them the calls of their tools, the drafts, the requests for consent and the words of ratings. What the person decided
-- in the turns of others, and asked in their conversations, stays without the name.
with gone as (
    delete from turns where person_in(owner_sub) returning tenant_id, turn_id
),
streamed as (
    delete from journal j using gone g where j.tenant_id = g.tenant_id and j.turn_id = g.turn_id returning 1
),
said as (
    update messages m set parts = array['']::text[], tool_calls = '[]', tool_results = '[]', token_count = 0
    from gone g where m.turn_id = g.turn_id and m.role = 'user' and not person_in(m.owner_sub)
    returning m.message_id
),
decided as (
    update tool_calls set decided_by = person_out(decided_by), note = '' where person_in(decided_by) returning 1
)
select (select count(*) from gone) + (select count(*) from streamed) + (select count(*) from said)
    + (select count(*) from decided);

-- name: erase_journal
-- What had no turn any more is found by the name that stands in it.
with gone as (delete from journal where person_in(events) or person_in(settlement) returning 1)
select count(*) from gone;

-- name: erase_messages
-- The messages, the titles and the empty rows of what was deleted before.
with gone as (
    delete from messages m using conversations c
    where m.conversation_id = c.conversation_id and person_in(c.owner_sub) returning m.message_id
),
bases as (
    delete from prompt_bases b using conversations c
    where b.conversation_id = c.conversation_id and person_in(c.owner_sub) returning 1
),
empty as (
    delete from conversations where person_in(owner_sub) returning 1
)
select (select count(*) from gone) + (select count(*) from bases) + (select count(*) from empty);

-- name: erase_words
-- The search index, whose rows have a number in the place of the name.
with blocks as (delete from word_blocks where owner_key = owner_key(erased_person()) returning 1),
words as (delete from block_words where owner_key = owner_key(erased_person()) returning 1),
unindexed as (delete from unindexed_messages where owner_key = owner_key(erased_person()) returning 1),
owners as (delete from owners_to_index where owner_key = owner_key(erased_person()) returning 1)
select (select count(*) from blocks) + (select count(*) from words) + (select count(*) from unindexed)
    + (select count(*) from owners);

-- name: find_words
select (select count(*) from word_blocks where owner_key = owner_key(erased_person()))
    + (select count(*) from block_words where owner_key = owner_key(erased_person()))
    + (select count(*) from unindexed_messages where owner_key = owner_key(erased_person()))
    + (select count(*) from owners_to_index where owner_key = owner_key(erased_person()));

-- name: erase_agents
-- What the person told an agent goes. Where that was the newest, the agent is as somebody else had made it, or plain.
with theirs as (
    select v.tenant_id, v.agent_id, v.version, o.name, o.system_prompt, o.canned_answer, o.warm_style
    from agent_versions v
    left join lateral (
        select * from agent_versions o
        where o.tenant_id = v.tenant_id and o.agent_id = v.agent_id and not person_in(o.changed_by)
        order by o.version desc limit 1
    ) o on true
    where person_in(v.changed_by)
),
blank as (
    update agent_versions v
    set name = coalesce(t.name, 'agent ' || v.agent_id), system_prompt = coalesce(t.system_prompt, ''),
        canned_answer = coalesce(t.canned_answer, ''), warm_style = coalesce(t.warm_style, ''),
        changed_by = person_out(v.changed_by)
    from theirs t where v.tenant_id = t.tenant_id and v.agent_id = t.agent_id and v.version = t.version
    returning v.agent_id, v.version, v.name
),
named as (
    update agents a set name = b.name from blank b where a.agent_id = b.agent_id and a.version = b.version returning 1
)
select count(*) from blank;
