-- Statements of what a model finds worth keeping, run under row-level security.

-- name: read_said
-- What a person said in a turn, and who answered; nothing where it was taken back or erased.
select array_to_string(m.parts, e'\n') as text, t.model
from turns t join messages m on m.tenant_id = t.tenant_id and m.message_id = t.user_message_id
where t.turn_id = $1

-- name: learn_later
-- In the place of the intent that asked a model, unless the turn was erased meanwhile.
insert into intents (
    tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, payload, next_time, create_time
)
select t.tenant_id, $2, $3, $4, $5, $6, t.turn_id, 'store_memories', $7, $8, $8
from turns t where t.turn_id = $1
on conflict do nothing

-- name: extracted
delete from intents where intent_id = $1
