-- Statements of those who watch conversations.

-- name: look
-- The worker's: the versions of what is watched, of all tenants at once.
select c.conversation_id, c.version, c.status
from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, conversation_id)
join conversations c on c.tenant_id = w.tenant_id and c.conversation_id = w.conversation_id

-- name: read
select * from conversations where conversation_id = any($1::uuid[])
