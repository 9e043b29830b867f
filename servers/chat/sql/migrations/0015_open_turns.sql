-- The open turns of an agent: how much it has in hand is a part of its cognitive load.

create index turns_open on turns (tenant_id, agent_id) where status in ('running', 'waiting');
