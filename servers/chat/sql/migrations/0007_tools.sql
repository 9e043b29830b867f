-- Calls of tools, their effects, and who must consent to them.

-- [{"tool", "permission"}], the first that fits counts
alter table agent_versions add column tool_rules jsonb not null default '[]';
-- [{"call_id", "name", "status", "content"}]: what came of the calls; those that the client runs are added when they come
alter table messages add column tool_results jsonb not null default '[]';

-- A turn that waits for consent, and one that waits for its place, is run by nobody.
alter table turns drop constraint turns_status_check;
alter table turns add constraint turns_status_check
    check (status in ('running', 'waiting', 'queued', 'completed', 'failed', 'cancelled', 'refused'));

-- The calls of a turn that run here, each with its effect: written before it is sent, so that nobody sends it twice. What came
-- of it goes with the answer when the turn ends; these rows go with the journal.
create table tool_calls (
    tenant_id uuid not null,
    turn_id uuid not null,
    call_id text not null,
    round smallint not null,
    position smallint not null,
    name text not null,
    arguments_json text not null,
    -- SHA-256 of the canonical arguments
    arguments_hash text not null,
    -- waiting: for consent; claimed: consented to, not sent; sent: it may have its effect; done; unknown: sent, and nobody knows
    state text not null check (state in ('waiting', 'claimed', 'sent', 'done', 'unknown')),
    -- done, failed, denied or unknown once it came to its end
    status text not null default '' check (status in ('', 'done', 'failed', 'denied', 'unknown')),
    content text not null default '',
    duration_milliseconds integer not null default 0,
    -- why consent is needed, and until when it is waited for
    sentence text not null default '',
    expire_time timestamptz,
    -- approve or deny, by whom, and what they said beside it
    decision text not null default '' check (decision in ('', 'approve', 'deny')),
    decided_by text not null default '',
    note text not null default '',
    create_time timestamptz not null,
    primary key (tenant_id, turn_id, call_id),
    foreign key (tenant_id, turn_id) references turns (tenant_id, turn_id) on delete cascade
);
create index turns_waiting on turns (create_time) where status = 'waiting';
create index tool_calls_waiting on tool_calls (expire_time) where state = 'waiting';

alter table tool_calls enable row level security;
alter table tool_calls force row level security;
create policy of_tenant on tool_calls using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update, delete on tool_calls to :app;
grant select, delete on tool_calls to :worker;

-- The branch that ends in a message, newest first; texts only as far as they could fit the window.
drop function read_branch(uuid, uuid, uuid, integer, bigint);
create function read_branch(p_tenant uuid, p_conversation uuid, p_leaf uuid, p_most_messages integer, p_most_tokens bigint)
returns table (
    message_id uuid, role text, parts text[], tool_calls jsonb, tool_results jsonb, token_count integer, tokenizer text
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    return query
    with recursive branch as (
        select m.message_id, m.parent_message_id, m.token_count, 1 as depth, 0::bigint as newer
        from messages m where m.tenant_id = p_tenant and m.conversation_id = p_conversation and m.message_id = p_leaf
        union all
        select m.message_id, m.parent_message_id, m.token_count, b.depth + 1, b.newer + b.token_count
        from branch b join messages m on m.tenant_id = p_tenant and m.message_id = b.parent_message_id
        where b.depth < p_most_messages
    )
    select m.message_id, m.role, case when b.newer <= p_most_tokens then m.parts else '{}' end,
        case when b.newer <= p_most_tokens then m.tool_calls else '[]' end,
        case when b.newer <= p_most_tokens then m.tool_results else '[]' end, m.token_count,
        case when b.newer <= p_most_tokens then m.tokenizer end
    from branch b join messages m on m.tenant_id = p_tenant and m.message_id = b.message_id
    order by b.depth;
end
$$;

-- Ends a turn that runs under this epoch: its row, the answer with what came of its calls, its conversation, the terminal
-- event, what must still be told elsewhere, and the retrieval weights for the agent's next turn. False, and nothing written,
-- when it does not.
create or replace function end_turn(
    p_tenant uuid, p_turn uuid, p_epoch bigint, p_now timestamptz, p_status text, p_finish_reason text,
    p_error_reason text, p_error_metadata jsonb, p_error_retry_seconds double precision, p_answer text, p_tool_calls jsonb,
    p_partial boolean, p_receipt uuid, p_model text, p_input_tokens integer, p_cached_input_tokens integer,
    p_output_tokens integer, p_reasoning_tokens integer, p_usage_estimated boolean, p_cost_micros bigint,
    p_conversation uuid, p_user_message uuid, p_assistant_message uuid, p_keeps_answer boolean, p_parts text[],
    p_tokens integer, p_tokenizer text, p_sequence integer, p_terminal bytea,
    p_sub text, p_roles text[], p_scopes text[], p_correlation text, p_intents uuid[], p_kinds text[], p_payloads bytea[],
    p_due timestamptz[], p_agent uuid, p_weights double precision[]
) returns boolean
language plpgsql as $$
declare
    v_results jsonb := '[]';
begin
    perform enter_tenant(p_tenant);
    update turns t
    set status = p_status, finish_reason = p_finish_reason, error_reason = p_error_reason, error_metadata = p_error_metadata,
        error_retry_seconds = p_error_retry_seconds, answer = p_answer, tool_calls = p_tool_calls,
        partial_text_kept = p_partial, receipt_id = p_receipt, model = p_model,
        input_tokens = p_input_tokens, cached_input_tokens = p_cached_input_tokens, output_tokens = p_output_tokens,
        reasoning_tokens = p_reasoning_tokens, usage_estimated = p_usage_estimated, cost_micros = p_cost_micros,
        end_time = p_now
    where t.tenant_id = p_tenant and t.turn_id = p_turn and t.status = 'running' and t.lease_epoch = p_epoch;
    if not found then
        return false;
    end if;
    if p_tool_calls <> '[]' then
        -- What was sent and has no answer may have had its effect; what waited for consent never had it.
        update tool_calls c
        set state = 'unknown', status = 'unknown', content = 'The turn ended before the tool had answered.'
        where c.tenant_id = p_tenant and c.turn_id = p_turn and c.state = 'sent';
        update tool_calls c
        set state = 'done', status = 'denied', content = 'The turn ended before anybody decided about it.'
        where c.tenant_id = p_tenant and c.turn_id = p_turn and c.state in ('waiting', 'claimed');
        select coalesce(jsonb_agg(
            jsonb_build_object('call_id', c.call_id, 'name', c.name, 'status', c.status, 'content', c.content)
            order by c.round, c.position
        ), '[]') into v_results
        from tool_calls c where c.tenant_id = p_tenant and c.turn_id = p_turn;
    end if;
    if p_conversation is not null then
        if p_keeps_answer then
            insert into messages (
                tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts, tool_calls,
                tool_results, token_count, tokenizer, partial, finish_reason, input_tokens, cached_input_tokens, output_tokens,
                reasoning_tokens, usage_estimated, cost_micros, receipt_id, model, create_time
            )
            select p_tenant, p_assistant_message, c.owner_sub, c.conversation_id, p_user_message, p_turn, 'assistant', p_parts,
                p_tool_calls, v_results, p_tokens, p_tokenizer, p_partial, p_finish_reason, p_input_tokens, p_cached_input_tokens,
                p_output_tokens, p_reasoning_tokens, p_usage_estimated, p_cost_micros, p_receipt, p_model, p_now
            from conversations c where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
        end if;
        -- The leaf follows the turn unless the person went to another branch meanwhile.
        update conversations c
        set running_turn_id = null, message_count = c.message_count + p_keeps_answer::integer, version = c.version + 1,
            update_time = p_now,
            current_leaf_id = case
                when p_keeps_answer and c.current_leaf_id = p_user_message then p_assistant_message else c.current_leaf_id
            end
        where c.tenant_id = p_tenant and c.conversation_id = p_conversation and c.running_turn_id = p_turn;
    end if;
    insert into journal (tenant_id, turn_id, first_sequence, last_sequence, lease_epoch, events)
    values (p_tenant, p_turn, p_sequence, p_sequence, p_epoch, p_terminal);
    insert into intents (
        tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, payload, next_time,
        create_time
    )
    select p_tenant, i.intent_id, p_sub, p_roles, p_scopes, p_correlation, p_turn, i.kind, i.payload, i.due, p_now
    from unnest(p_intents, p_kinds, p_payloads, p_due) as i (intent_id, kind, payload, due)
    on conflict (tenant_id, turn_id, kind) do nothing;
    if p_weights is not null then
        insert into agent_retrieval (tenant_id, agent_id, weights, update_time) values (p_tenant, p_agent, p_weights, p_now)
        on conflict (tenant_id, agent_id) do update set weights = excluded.weights, update_time = excluded.update_time
        where agent_retrieval.weights is distinct from excluded.weights;
    end if;
    return true;
end
$$;

-- Claims calls for a turn that runs under this epoch, in the moment before they are sent, and says what each was before: nothing
-- where it is new, else its state with what came of it. One that was consented to is sent from now on. No row at all when the
-- turn does not run under this epoch any more.
create function send_calls(
    p_tenant uuid, p_turn uuid, p_epoch bigint, p_now timestamptz, p_calls text[], p_rounds smallint[], p_positions smallint[],
    p_names text[], p_arguments text[], p_hashes text[]
) returns table (call_id text, was text, status text, content text, duration_milliseconds integer)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    perform from turns t
    where t.tenant_id = p_tenant and t.turn_id = p_turn and t.status = 'running' and t.lease_epoch = p_epoch for share;
    if not found then
        return;
    end if;
    return query
    with asked as (
        select a.* from unnest(p_calls, p_rounds, p_positions, p_names, p_arguments, p_hashes)
            as a (call_id, round, position, name, arguments_json, arguments_hash)
    ),
    known as (
        select c.* from tool_calls c join asked a
            on a.call_id = c.call_id and a.round = c.round and a.name = c.name and a.arguments_hash = c.arguments_hash
        where c.tenant_id = p_tenant and c.turn_id = p_turn
    ),
    fresh as (
        insert into tool_calls (
            tenant_id, turn_id, call_id, round, position, name, arguments_json, arguments_hash, state, create_time
        )
        select p_tenant, p_turn, a.call_id, a.round, a.position, a.name, a.arguments_json, a.arguments_hash, 'sent', p_now
        from asked a where not exists (select from known k where k.call_id = a.call_id)
    ),
    moved as (
        update tool_calls c set state = 'sent' from known k
        where c.tenant_id = p_tenant and c.turn_id = p_turn and c.call_id = k.call_id and k.state = 'claimed'
    )
    select a.call_id, coalesce(k.state, ''), coalesce(k.status, ''), coalesce(k.content, ''),
        coalesce(k.duration_milliseconds, 0)
    from asked a left join known k on k.call_id = a.call_id;
end
$$;

-- Says what came of a call, whether it was sent or could not be; what is at its end stays as it is. False when the turn does
-- not run under this epoch any more.
create function end_call(
    p_tenant uuid, p_turn uuid, p_epoch bigint, p_now timestamptz, p_call text, p_round smallint, p_position smallint,
    p_name text, p_arguments text, p_hash text, p_state text, p_status text, p_content text, p_duration integer
) returns boolean
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    perform from turns t
    where t.tenant_id = p_tenant and t.turn_id = p_turn and t.status = 'running' and t.lease_epoch = p_epoch for share;
    if not found then
        return false;
    end if;
    insert into tool_calls as c (
        tenant_id, turn_id, call_id, round, position, name, arguments_json, arguments_hash, state, status, content,
        duration_milliseconds, create_time
    ) values (
        p_tenant, p_turn, p_call, p_round, p_position, p_name, p_arguments, p_hash, p_state, p_status, p_content,
        p_duration, p_now
    )
    on conflict (tenant_id, turn_id, call_id) do update
    set state = excluded.state, status = excluded.status, content = excluded.content,
        duration_milliseconds = excluded.duration_milliseconds
    where c.state in ('claimed', 'sent');
    return true;
end
$$;

-- Lets a turn that runs under this epoch wait for a person: what waits, the events that tell of it, and what it has used so far.
-- Nobody runs it from now on; its conversation stays taken. False, and nothing written, when it does not run under the epoch.
create function wait_turn(
    p_tenant uuid, p_turn uuid, p_epoch bigint, p_now timestamptz, p_calls text[], p_rounds smallint[], p_positions smallint[],
    p_names text[], p_arguments text[], p_hashes text[], p_sentences text[], p_expire timestamptz,
    p_first integer, p_last integer, p_events bytea, p_draft bytea
) returns boolean
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    update turns t set status = 'waiting', draft = p_draft, draft_sequence = p_last
    where t.tenant_id = p_tenant and t.turn_id = p_turn and t.status = 'running' and t.lease_epoch = p_epoch;
    if not found then
        return false;
    end if;
    insert into tool_calls (
        tenant_id, turn_id, call_id, round, position, name, arguments_json, arguments_hash, state, sentence, expire_time,
        create_time
    )
    select p_tenant, p_turn, a.call_id, a.round, a.position, a.name, a.arguments_json, a.arguments_hash, 'waiting', a.sentence,
        p_expire, p_now
    from unnest(p_calls, p_rounds, p_positions, p_names, p_arguments, p_hashes, p_sentences)
        as a (call_id, round, position, name, arguments_json, arguments_hash, sentence);
    insert into journal (tenant_id, turn_id, first_sequence, last_sequence, lease_epoch, events)
    values (p_tenant, p_turn, p_first, p_last, p_epoch, p_events);
    return true;
end
$$;
