-- Statements of turns that wait for their place in a conversation.

-- name: next_queued
select next_queued($1, $2) as turn_id;

-- name: place_turn
select place_turn($1, $2, $3, $4, $5, $6, $7, $8);

-- name: cancel_queued
-- Ends it and tells of it, or changes nothing.
select case
    when cancel_queued($1, $2, $3, $4) then (
        select count(*) from append_events($1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    )
    else 0
end as cancelled;

-- name: find_status
select status from turns where turn_id = $1;

-- name: list_due
-- Conversations of all tenants in which turns are queued and none runs: whoever ended the last one is gone, or they are closed.
-- And turns that wait for a person and were stopped meanwhile.
select distinct t.tenant_id, t.conversation_id, null::uuid as stopped_turn_id
from turns t join conversations c on c.tenant_id = t.tenant_id and c.conversation_id = t.conversation_id
where t.status = 'queued' and (c.running_turn_id is null or c.status <> 'active')
union all
select t.tenant_id, t.conversation_id, t.turn_id from turns t where t.status = 'waiting' and t.cancel_requested
limit 256;
