-- A turn teaches several things: what is taken back at its end is not learned from either, however it would have been learned.

create or replace function settle_branch() returns trigger
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
        where i.tenant_id = new.tenant_id and i.turn_id = new.turn_id and i.kind in ('store_memory', 'store_memories', 'extract_memories', 'forget_memory');
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
