-- Statements of titles, run under row-level security.

-- name: read_exchange
-- What was said in a turn, if its conversation has no title yet and can be seen.
select m.role, array_to_string(m.parts, e'\n') as text, m.model
from conversations c join messages m on m.tenant_id = c.tenant_id and m.conversation_id = c.conversation_id
where c.conversation_id = $1 and c.title = '' and c.status <> 'deleted' and m.turn_id = $2
    and not exists (
        -- whoever came first gives it
        select from intents i
        where i.tenant_id = c.tenant_id and i.kind = 'title_conversation' and i.payload = $3 and i.turn_id < $2
    )
order by m.message_id

-- name: give_title
-- Never over another one. When the conversation was used last stays as it was.
update conversations set title = $2, version = version + 1
where conversation_id = $1 and title = '' and status <> 'deleted'
returning conversation_id
