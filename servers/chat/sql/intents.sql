-- Statements of the delivery of intents: the worker role, over all tenants; taking one away to the dead letters, what a
-- call of a model leaves to be told, and whether a turn was observed, is its tenant's own.

-- name: claim
-- Chosen apart, as a plan may run a subquery for each row and so find more than its limit. A claim ends with its lease, or with
-- the life of the process that made it. Only of the kinds that are asked for: what a later release wrote waits for it.
with due as materialized (
    select tenant_id, intent_id from intents
    where next_time <= now() and kind = any($3::text[])
        and (lease_expire_time is null or lease_expire_time < now() or claim_epoch <> all (select epoch from instances))
    order by next_time limit $2 for update skip locked
)
update intents i set lease_expire_time = now() + make_interval(secs => $1), claim_epoch = $4, attempts = i.attempts + 1
from due
where i.tenant_id = due.tenant_id and i.intent_id = due.intent_id
returning i.tenant_id, i.intent_id, i.owner_sub, i.caller_roles, i.caller_scopes, i.correlation_id, i.turn_id, i.kind, i.payload,
    i.attempts, i.create_time;

-- name: delivered
delete from intents i using unnest($1::uuid[], $2::uuid[]) as heard (tenant_id, intent_id)
where i.tenant_id = heard.tenant_id and i.intent_id = heard.intent_id;

-- name: postpone
update intents set next_time = now() + make_interval(secs => $3), lease_expire_time = null, last_reason = $4
where tenant_id = $1 and intent_id = $2;

-- name: take_away
delete from intents where intent_id = $1 returning intent_id

-- name: read_rating
-- With whether what the turn was like is still to be told: it goes on, or the intent that tells of it is on its way, or is a
-- letter by now.
select t.agent_id, t.rating, t.rate_time,
    t.status in ('running', 'waiting')
    or exists (select from intents i where i.turn_id = t.turn_id and i.kind = 'observe_turn')
    or exists (
        select from dead_letters d
        where d.consumer = 'chat.intents' and d.tenant_id = t.tenant_id
            and d.stream = 'intent/' || t.turn_id || '/observe_turn' and d.status <> 'discarded'
    ) as unobserved
from turns t where t.turn_id = $1 and t.rate_time is not null

-- name: hold_letter
select true from dead_letters where consumer = $1 and event_id = $2 for update

-- name: settle_later
-- For the same person as the intent that called a model; a job has a place of its own among the intents.
insert into intents (
    tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind, payload, next_time, create_time
)
select i.tenant_id, $2, i.owner_sub, i.caller_roles, i.caller_scopes, i.correlation_id, $2, 'settle_turn', $3, $4, $4
from intents i where i.tenant_id = $1 and i.intent_id = $5
on conflict do nothing
