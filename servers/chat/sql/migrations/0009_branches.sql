-- Branches, queues and ratings.

alter table turns
    -- the message it answers was there before: another answer beside the old one
    add column asks_anew boolean not null default false,
    -- the message of the user in whose place its own one stands
    add column replaces_message_id uuid,
    -- the leaf of its conversation before it began; none yet while it is queued
    add column leaf_before uuid,
    -- while it is queued: it follows what is the leaf when its time has come, and not the parent it names
    add column follows_leaf boolean not null default false,
    -- while it is queued: before those who only wait, for it had stopped what ran
    add column jumps boolean not null default false,
    -- its place among those
    add column queue_number integer not null default 0,
    -- what is taken back when it ends: its answer, or its message with it
    add column take_back text not null default '' check (take_back in ('', 'answer', 'message')),
    -- 0 for none, 1 for good, 2 for bad
    add column rating smallint not null default 0 check (rating between 0 and 2),
    add column rating_text text not null default '',
    add column rate_time timestamptz;
create index turns_of_owner on turns (tenant_id, owner_sub, turn_id);

-- who looks for turns whose time has come looks over all tenants
grant select (tenant_id, conversation_id, status, running_turn_id) on conversations to :worker;

alter table intents drop constraint intents_kind_check;
alter table intents add constraint intents_kind_check
    check (kind in ('settle_turn', 'observe_turn', 'store_memory', 'forget_memory'));

-- What the end of a turn leaves of its branch, in the transaction that ends it, whoever does: what is taken back is gone, with
-- what was to be learned from it; and where another answer was asked for and none came, the person is back where they were.
create function settle_branch() returns trigger
language plpgsql as $$
declare
    v_gone uuid[];
    v_count integer;
begin
    if new.take_back <> '' then
        v_gone := array[new.assistant_message_id];
        if new.take_back = 'message' and not new.asks_anew then
            -- None where it was refused before it had its place.
            v_gone := array_remove(v_gone || new.user_message_id, null);
        end if;
        delete from messages m
        where m.tenant_id = new.tenant_id and m.conversation_id = new.conversation_id and m.message_id = any (v_gone);
        get diagnostics v_count = row_count;
        delete from intents i
        where i.tenant_id = new.tenant_id and i.turn_id = new.turn_id and i.kind in ('store_memory', 'forget_memory');
    else
        v_gone := array[]::uuid[];
        v_count := 0;
    end if;
    update conversations c
    set message_count = c.message_count - v_count, version = c.version + 1,
        current_leaf_id = case
            when new.asks_anew and (c.current_leaf_id = new.user_message_id or c.current_leaf_id = any (v_gone))
                then coalesce(new.leaf_before, new.user_message_id)
            when c.current_leaf_id = any (v_gone) and new.take_back = 'message' then new.parent_message_id
            when c.current_leaf_id = any (v_gone) then new.user_message_id
            else c.current_leaf_id
        end
    where c.tenant_id = new.tenant_id and c.conversation_id = new.conversation_id;
    return null;
end
$$;
create constraint trigger settle_branch after update on turns deferrable initially deferred for each row
when (old.end_time is null and new.end_time is not null and (new.take_back <> '' or new.asks_anew))
execute function settle_branch();

-- How many messages follow the same parent as this one, and which of them it is, in the order in which they were made.
create function siblings_of(
    p_tenant uuid, p_conversation uuid, p_parent uuid, p_message uuid, out sibling_count bigint, out sibling_number bigint
)
language sql stable as $$
    select count(*), count(*) filter (where s.message_id <= p_message) from (
        select m.message_id from messages m
        where m.tenant_id = p_tenant and m.conversation_id = p_conversation and m.parent_message_id = p_parent
        union all
        select m.message_id from messages m
        where p_parent is null and m.tenant_id = p_tenant and m.conversation_id = p_conversation and m.parent_message_id is null
    ) s
$$;

-- What is known before a turn is taken in: the turn of the same request; the conversation, that of the message which is asked
-- about (p_message) where one is, with how many turns are queued in it; whether the parent is a message of it, or the answer
-- that is on its way; that message, and the message of the user that it is or answers; and the agent, that of the message's turn
-- before that of the conversation, with the retrieval weights of its last modulation. One row; what was not found is null.
-- The functions of the same names with fewer parameters are for programs of the release before.
create function look_before_turn(
    p_tenant uuid, p_sub text, p_request uuid, p_conversation uuid, p_owner text, p_parent uuid, p_agent uuid, p_default_agent uuid,
    p_message uuid,
    out known_turn_id uuid, out known_body_hash bytea,
    out conversation_id uuid, out owner_sub text, out conversation_agent_id uuid, out status text, out current_leaf_id uuid,
    out running_turn_id uuid, out untitled boolean, out queued integer, out queued_turn_id uuid, out parent_exists boolean, out parent_is_coming boolean,
    out asked_role text, out question_id uuid, out question_parts text[], out question_parent_id uuid, out question_turn_id uuid,
    out agent_id uuid, out version integer, out name text, out system_prompt text, out model_profile_id text,
    out intelligence smallint, out autonomy smallint, out resource_micros_per_turn bigint, out risk_profile smallint,
    out canned_answer text, out warm_style text, out baseline double precision[], out memory_scope smallint,
    out archived boolean, out weights double precision[], out tool_rules jsonb
)
language plpgsql as $$
#variable_conflict use_column
declare
    v_agent uuid;
    v_asked_turn uuid;
    v_conversation uuid := p_conversation;
    v_question uuid;
begin
    perform enter_tenant(p_tenant);
    select t.turn_id, t.body_hash into look_before_turn.known_turn_id, look_before_turn.known_body_hash
    from turns t where t.tenant_id = p_tenant and t.owner_sub = p_sub and t.request_id = p_request;
    if found then
        return;
    end if;
    if p_message is not null then
        select m.conversation_id, m.role, m.turn_id, case m.role when 'user' then m.message_id else m.parent_message_id end
        into v_conversation, look_before_turn.asked_role, v_asked_turn, v_question
        from messages m where m.tenant_id = p_tenant and m.message_id = p_message;
    end if;
    if v_conversation is not null then
        select c.conversation_id, c.owner_sub, c.agent_id, c.status, c.current_leaf_id, c.running_turn_id, c.title = ''
        into look_before_turn.conversation_id, look_before_turn.owner_sub, look_before_turn.conversation_agent_id,
            look_before_turn.status, look_before_turn.current_leaf_id, look_before_turn.running_turn_id, look_before_turn.untitled
        from conversations c
        where c.tenant_id = p_tenant and c.conversation_id = v_conversation and (p_owner is null or c.owner_sub = p_owner);
        select count(*), (array_agg(q.turn_id order by q.jumps desc, q.queue_number))[1]
        into look_before_turn.queued, look_before_turn.queued_turn_id
        from turns q where q.tenant_id = p_tenant and q.conversation_id = v_conversation and q.status = 'queued';
        look_before_turn.parent_exists := p_parent is null or exists (
            select from messages m
            where m.tenant_id = p_tenant and m.conversation_id = v_conversation and m.message_id = p_parent
        );
        look_before_turn.parent_is_coming := not look_before_turn.parent_exists and exists (
            select from turns r
            where r.tenant_id = p_tenant and r.turn_id = look_before_turn.running_turn_id and r.assistant_message_id = p_parent
        );
    end if;
    -- An answer may follow another one, with the results that this one had asked for: the question stands before them all.
    while v_question is not null and not exists (
        select from messages m where m.tenant_id = p_tenant and m.message_id = v_question and m.role = 'user'
    ) loop
        v_question := (select m.parent_message_id from messages m where m.tenant_id = p_tenant and m.message_id = v_question);
    end loop;
    if v_question is not null then
        select m.message_id, m.parts, m.parent_message_id, m.turn_id
        into look_before_turn.question_id, look_before_turn.question_parts, look_before_turn.question_parent_id,
            look_before_turn.question_turn_id
        from messages m where m.tenant_id = p_tenant and m.message_id = v_question and m.role = 'user';
    end if;
    v_agent := coalesce(
        p_agent,
        (select t.agent_id from turns t where t.tenant_id = p_tenant and t.turn_id = v_asked_turn),
        look_before_turn.conversation_agent_id,
        p_default_agent
    );
    select a.agent_id, v.version, v.name, v.system_prompt, v.model_profile_id, v.intelligence, v.autonomy,
        v.resource_micros_per_turn, v.risk_profile, v.canned_answer, v.warm_style, v.baseline, v.memory_scope, a.archived,
        r.weights, v.tool_rules
    into look_before_turn.agent_id, look_before_turn.version, look_before_turn.name, look_before_turn.system_prompt,
        look_before_turn.model_profile_id, look_before_turn.intelligence, look_before_turn.autonomy,
        look_before_turn.resource_micros_per_turn, look_before_turn.risk_profile, look_before_turn.canned_answer,
        look_before_turn.warm_style, look_before_turn.baseline, look_before_turn.memory_scope, look_before_turn.archived,
        look_before_turn.weights, look_before_turn.tool_rules
    from agents a
    join agent_versions v on v.tenant_id = a.tenant_id and v.agent_id = a.agent_id and v.version = a.version
    left join agent_retrieval r on r.tenant_id = a.tenant_id and r.agent_id = a.agent_id
    where a.tenant_id = p_tenant and a.agent_id = v_agent;
end
$$;

-- Stores a turn with its request. p_manner `start`: it runs, with its message, unless that was there before (p_asks_anew), and
-- its conversation, where it has them. `queue`, `stop` and `take_back`: it waits for its place, and the turn that has the
-- place (p_before) is to stop, and to be taken back with p_take_back; so are those who waited for the same.
-- Answers stored, queued, known (the same request has a turn) or moved (the conversation is not as it was seen: another leaf,
-- another turn, closed, more in the queue); then nothing is written. Locks turns before their conversation, as `end_turn` does.
create function take_turn_in(
    p_tenant uuid, p_turn uuid, p_sub text, p_request uuid, p_body_hash bytea, p_correlation text, p_roles text[],
    p_scopes text[], p_conversation uuid, p_agent uuid, p_agent_version integer, p_user_message uuid, p_parent uuid,
    p_assistant_message uuid, p_instance text, p_epoch bigint, p_model text, p_now timestamptz,
    p_new_conversation boolean, p_owner_sub text, p_leaf_before uuid, p_parts text[], p_tokens integer, p_tokenizer text,
    p_request_bytes bytea, p_asks_anew boolean, p_replaces uuid, p_follows_leaf boolean, p_manner text, p_before uuid,
    p_take_back text, p_most_queued integer
) returns text
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    insert into turns (
        tenant_id, turn_id, owner_sub, request_id, body_hash, correlation_id, caller_roles, caller_scopes, conversation_id,
        agent_id, agent_version, user_message_id, parent_message_id, assistant_message_id, status, instance, lease_epoch,
        model, create_time, request, asks_anew, replaces_message_id, leaf_before, follows_leaf
    ) values (
        p_tenant, p_turn, p_sub, p_request, p_body_hash, p_correlation, p_roles, p_scopes, p_conversation,
        p_agent, p_agent_version, case when p_manner = 'start' or p_asks_anew then p_user_message end, p_parent,
        p_assistant_message, case p_manner when 'start' then 'running' else 'queued' end, p_instance, p_epoch,
        p_model, p_now, p_request_bytes, p_asks_anew, p_replaces, case p_manner when 'start' then p_leaf_before end,
        p_follows_leaf
    ) on conflict (tenant_id, owner_sub, request_id) do nothing;
    if not found then
        return 'known';
    end if;
    if p_conversation is null then
        return 'stored';
    end if;
    if p_manner <> 'start' then
        if queue_turn(p_tenant, p_turn, p_conversation, p_manner, p_before, p_take_back, p_most_queued) then
            return 'queued';
        end if;
        delete from turns t where t.tenant_id = p_tenant and t.turn_id = p_turn;
        return 'moved';
    end if;
    if p_new_conversation then
        insert into conversations (
            tenant_id, conversation_id, owner_sub, agent_id, title, status, current_leaf_id, running_turn_id, message_count,
            create_time, update_time
        ) values (p_tenant, p_conversation, p_owner_sub, p_agent, '', 'active', p_user_message, p_turn, 1, p_now, p_now);
    else
        update conversations c
        set running_turn_id = p_turn, current_leaf_id = p_user_message,
            message_count = c.message_count + (not p_asks_anew)::integer, version = c.version + 1, update_time = p_now
        where c.tenant_id = p_tenant and c.conversation_id = p_conversation and c.status = 'active'
            and c.running_turn_id is null and c.current_leaf_id is not distinct from p_leaf_before
            and not exists (
                select from turns q
                where q.tenant_id = p_tenant and q.conversation_id = p_conversation and q.status = 'queued'
            );
        if not found then
            delete from turns t where t.tenant_id = p_tenant and t.turn_id = p_turn;
            return 'moved';
        end if;
    end if;
    if not p_asks_anew then
        insert into messages (
            tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts, token_count, tokenizer,
            create_time
        ) values (
            p_tenant, p_user_message, p_owner_sub, p_conversation, p_parent, p_turn, 'user', p_parts, p_tokens, p_tokenizer, p_now
        );
    end if;
    return 'stored';
end
$$;

-- Gives a stored turn its place in the queue of its conversation and has stopped what it does not wait for. False, and nothing
-- done, when another turn has the conversation by now, none has, it is closed, or as many wait as may.
create function queue_turn(
    p_tenant uuid, p_turn uuid, p_conversation uuid, p_manner text, p_before uuid, p_take_back text, p_most_queued integer
) returns boolean
language plpgsql as $$
declare
    v_jumps constant boolean := p_manner <> 'queue';
    v_waiting integer;
    v_last integer;
begin
    -- In the order of their ids, so that two of us never wait for one another.
    perform t.turn_id from turns t
    where t.tenant_id = p_tenant and v_jumps
        and (t.turn_id = p_before or (t.conversation_id = p_conversation and t.status = 'queued' and t.turn_id <> p_turn))
    order by t.turn_id for update;
    perform from conversations c
    where c.tenant_id = p_tenant and c.conversation_id = p_conversation and c.status = 'active'
        and c.running_turn_id is not distinct from p_before
    for update;
    if not found then
        return false;
    end if;
    select count(*), coalesce(max(q.queue_number), 0) into v_waiting, v_last from turns q
    where q.tenant_id = p_tenant and q.conversation_id = p_conversation and q.status = 'queued' and q.turn_id <> p_turn;
    if (p_before is null and v_waiting = 0) or (not v_jumps and v_waiting >= p_most_queued) then
        return false;
    end if;
    update turns t set queue_number = v_last + 1, jumps = v_jumps where t.tenant_id = p_tenant and t.turn_id = p_turn;
    if v_jumps then
        update turns t
        set cancel_requested = true,
            take_back = case
                when p_manner <> 'take_back' then t.take_back
                when t.turn_id = p_before then p_take_back
                else 'message'
            end
        where t.tenant_id = p_tenant and t.turn_id <> p_turn and (
            (t.turn_id = p_before and t.status in ('running', 'waiting'))
            or (t.conversation_id = p_conversation and t.status = 'queued' and t.jumps)
        );
    end if;
    return true;
end
$$;

-- The turn of a conversation whose place is the next in the queue.
create function next_queued(p_tenant uuid, p_conversation uuid) returns uuid
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return (
        select q.turn_id from turns q
        where q.tenant_id = p_tenant and q.conversation_id = p_conversation and q.status = 'queued'
        order by q.jumps desc, q.queue_number limit 1
    );
end
$$;

-- Gives a turn that was queued, and is claimed by the transaction that calls this, its conversation: with its message behind the
-- leaf or behind the parent it names. Answers placed, busy (another turn has it), archived or deleted, or lost (what it follows
-- or answers is not there any more); then nothing is written.
create function place_turn(
    p_tenant uuid, p_turn uuid, p_user_message uuid, p_assistant_message uuid, p_parts text[], p_tokens integer,
    p_tokenizer text, p_now timestamptz
) returns text
language plpgsql as $$
declare
    v_turn turns%rowtype;
    v_place conversations%rowtype;
    v_parent uuid;
    v_message uuid;
begin
    select * into strict v_turn from turns t where t.tenant_id = p_tenant and t.turn_id = p_turn;
    select * into strict v_place from conversations c
    where c.tenant_id = p_tenant and c.conversation_id = v_turn.conversation_id for update;
    if v_place.status <> 'active' then
        return v_place.status;
    end if;
    if v_place.running_turn_id is not null or exists (
        select from turns q
        where q.tenant_id = p_tenant and q.conversation_id = v_turn.conversation_id and q.status = 'queued'
            and (q.jumps > v_turn.jumps or (q.jumps = v_turn.jumps and q.queue_number < v_turn.queue_number))
    ) then
        return 'busy';
    end if;
    v_parent := case when v_turn.follows_leaf then v_place.current_leaf_id else v_turn.parent_message_id end;
    v_message := case when v_turn.asks_anew then v_turn.user_message_id else p_user_message end;
    if (
        select count(*) from messages m where m.tenant_id = p_tenant and m.conversation_id = v_turn.conversation_id
            and (m.message_id = v_parent or (v_turn.asks_anew and m.message_id = v_message))
    ) < (v_parent is not null)::integer + (v_turn.asks_anew and v_message is distinct from v_parent)::integer then
        return 'lost';
    end if;
    update turns t
    set user_message_id = v_message, assistant_message_id = p_assistant_message, parent_message_id = v_parent,
        leaf_before = v_place.current_leaf_id
    where t.tenant_id = p_tenant and t.turn_id = p_turn;
    update conversations c
    set running_turn_id = p_turn, current_leaf_id = v_message,
        message_count = c.message_count + (not v_turn.asks_anew)::integer, version = c.version + 1, update_time = p_now
    where c.tenant_id = p_tenant and c.conversation_id = v_turn.conversation_id;
    if not v_turn.asks_anew then
        insert into messages (
            tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts, token_count, tokenizer,
            create_time
        ) values (
            p_tenant, v_message, v_place.owner_sub, v_turn.conversation_id, v_parent, p_turn, 'user', p_parts, p_tokens,
            p_tokenizer, p_now
        );
    end if;
    return 'placed';
end
$$;

-- Ends a turn that is still queued: nothing of it was told but this end. False when it is not.
create function cancel_queued(p_tenant uuid, p_turn uuid, p_now timestamptz, p_terminal bytea) returns boolean
language plpgsql as $$
declare
    v_epoch bigint;
begin
    perform enter_tenant(p_tenant);
    update turns t set status = 'cancelled', finish_reason = 'cancelled', end_time = p_now
    where t.tenant_id = p_tenant and t.turn_id = p_turn and t.status = 'queued'
    returning t.lease_epoch into v_epoch;
    if not found then
        return false;
    end if;
    insert into journal (tenant_id, turn_id, first_sequence, last_sequence, lease_epoch, events)
    values (p_tenant, p_turn, 1, 1, v_epoch, p_terminal);
    return true;
end
$$;
