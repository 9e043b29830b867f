-- Statements of the journal's writer and of those who look after the instances: the worker role, over all tenants.

-- name: append
-- Whatever is written is written under the epoch of a living instance; the lock makes a successor wait for us.
with alive as (
    select epoch from instances where name = $1 and epoch = $2 for share
), written as (
    insert into journal (tenant_id, turn_id, first_sequence, last_sequence, lease_epoch, events, settlement)
    select r.tenant_id, r.turn_id, r.first_sequence, r.last_sequence, alive.epoch, r.events, r.settlement
    from alive, unnest($3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::bytea[], $8::bytea[])
        as r (tenant_id, turn_id, first_sequence, last_sequence, events, settlement)
    on conflict do nothing
)
select epoch from alive;

-- name: register_instance
-- In steps: a program of the release before, which adds one to an epoch, meets nobody's.
insert into instances (name, epoch, start_time, beat_time) values ($1, 64 * nextval('lease_epochs'), now(), now())
on conflict (name) do update set epoch = 64 * nextval('lease_epochs'), start_time = now(), beat_time = now()
returning epoch;

-- name: beat
update instances set beat_time = now() where name = $1 and epoch = $2 returning epoch;

-- name: fence_silent
update instances set epoch = 64 * nextval('lease_epochs') where name <> $1 and beat_time < now() - make_interval(secs => $2)
    and (
        exists (select from turns t where t.instance = instances.name and t.status = 'running' and t.lease_epoch = instances.epoch)
        or exists (select from intents i where i.claim_epoch = instances.epoch and i.lease_expire_time > now())
    )
returning name;

-- name: list_abandoned
-- In no order, so that several who look do not all begin with the same.
select t.tenant_id, t.turn_id, t.lease_epoch, t.takeovers, t.running_since, t.create_time
from turns t join instances i on i.name = t.instance
where t.status = 'running' and t.lease_epoch < i.epoch
order by random() limit $1;

-- name: list_own_running
select tenant_id, turn_id, lease_epoch, cancel_requested, takeovers, running_since, create_time from turns
where instance = $1 and lease_epoch = $2 and status = 'running';

-- name: sweep_instances
-- Forgets processes that have been gone for days and left nothing.
delete from instances i where i.beat_time < now() - make_interval(secs => $1)
    and not exists (select from turns t where t.instance = i.name and t.status in ('running', 'waiting', 'queued'));

-- name: sweep
delete from journal j using turns t
where t.tenant_id = j.tenant_id and t.turn_id = j.turn_id and t.end_time < now() - make_interval(secs => $1)
    and j.create_time < now() - make_interval(secs => $1);

-- name: list_lapsed
-- Requests for consent whose time is over.
select c.tenant_id, c.turn_id, c.call_id from tool_calls c join turns t on t.tenant_id = c.tenant_id and t.turn_id = c.turn_id
where c.state = 'waiting' and c.expire_time < now() and t.status = 'waiting'
order by c.expire_time limit 64;

-- name: list_decided
-- Turns that wait for nobody any more, for all was decided.
select t.tenant_id, t.turn_id from turns t
where t.status = 'waiting' and not exists (
    select from tool_calls c where c.tenant_id = t.tenant_id and c.turn_id = t.turn_id and c.state = 'waiting'
)
order by t.create_time limit 64;

-- name: sweep_calls
delete from tool_calls c using turns t
where t.tenant_id = c.tenant_id and t.turn_id = c.turn_id and t.end_time < now() - make_interval(secs => $1);
