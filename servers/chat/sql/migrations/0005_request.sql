-- The request of a turn as it was read, kept while the turn is not over: whoever goes on with it knows what was asked.
alter table turns add column request bytea;

-- What `end_turn` and a refusal leave behind has no request any more: its text stands in the messages.
create function forget_request() returns trigger
language plpgsql as $$
begin
    new.request := null;
    return new;
end
$$;
create trigger forget_request before update of status on turns for each row
when (new.end_time is not null) execute function forget_request();

-- Stores a turn with its request, and its message and conversation where it has them; the one without a request is for
-- programs of the release before. Answers stored, known (the same request has a turn) or
-- moved (the conversation is not as it was seen: another leaf, a running turn, closed); then nothing is written.
create function take_turn_in(
    p_tenant uuid, p_turn uuid, p_sub text, p_request uuid, p_body_hash bytea, p_correlation text, p_roles text[],
    p_scopes text[], p_conversation uuid, p_agent uuid, p_agent_version integer, p_user_message uuid, p_parent uuid,
    p_assistant_message uuid, p_instance text, p_epoch bigint, p_model text, p_now timestamptz,
    p_new_conversation boolean, p_owner_sub text, p_leaf_before uuid, p_parts text[], p_tokens integer, p_tokenizer text,
    p_request_bytes bytea
) returns text
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    insert into turns (
        tenant_id, turn_id, owner_sub, request_id, body_hash, correlation_id, caller_roles, caller_scopes, conversation_id,
        agent_id, agent_version, user_message_id, parent_message_id, assistant_message_id, status, instance, lease_epoch,
        model, create_time, request
    ) values (
        p_tenant, p_turn, p_sub, p_request, p_body_hash, p_correlation, p_roles, p_scopes, p_conversation,
        p_agent, p_agent_version, p_user_message, p_parent, p_assistant_message, 'running', p_instance, p_epoch,
        p_model, p_now, p_request_bytes
    ) on conflict (tenant_id, owner_sub, request_id) do nothing;
    if not found then
        return 'known';
    end if;
    if p_conversation is null then
        return 'stored';
    end if;
    if p_new_conversation then
        insert into conversations (
            tenant_id, conversation_id, owner_sub, agent_id, title, status, current_leaf_id, running_turn_id, message_count,
            create_time, update_time
        ) values (p_tenant, p_conversation, p_owner_sub, p_agent, '', 'active', p_user_message, p_turn, 1, p_now, p_now);
    else
        update conversations c
        set running_turn_id = p_turn, current_leaf_id = p_user_message, message_count = c.message_count + 1,
            version = c.version + 1, update_time = p_now
        where c.tenant_id = p_tenant and c.conversation_id = p_conversation and c.status = 'active'
            and c.running_turn_id is null and c.current_leaf_id is not distinct from p_leaf_before;
        if not found then
            delete from turns t where t.tenant_id = p_tenant and t.turn_id = p_turn;
            return 'moved';
        end if;
    end if;
    insert into messages (
        tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts, token_count, tokenizer,
        create_time
    ) values (
        p_tenant, p_user_message, p_owner_sub, p_conversation, p_parent, p_turn, 'user', p_parts, p_tokens, p_tokenizer, p_now
    );
    return 'stored';
end
$$;
