-- Statements on quarantines and on the uses of memories.

-- name: open
select open_quarantine($1, $2, $3, $4, $5, $6, $7, $8)

-- name: lift
select lift_quarantine($1, $2, $3)

-- name: find
select q.quarantine_id, q.memory_id, q.conversation_id, q.source_id, q.reason, q.owner_sub, q.start_time, q.end_time,
    case when q.end_time is not null then q.memory_count
    else (select count(*) from quarantine_members m where m.tenant_id = $1 and m.quarantine_id = q.quarantine_id)
    end::integer as memory_count
from quarantines q
where q.tenant_id = $1 and q.quarantine_id = $2

-- name: page
select q.quarantine_id, q.memory_id, q.conversation_id, q.source_id, q.reason, q.owner_sub, q.start_time, q.end_time,
    case when q.end_time is not null then q.memory_count
    else (select count(*) from quarantine_members m where m.tenant_id = $1 and m.quarantine_id = q.quarantine_id)
    end::integer as memory_count
from quarantines q
where q.tenant_id = $1 and ($2 or q.end_time is null) and ($3::uuid is null or q.quarantine_id < $3)
order by q.quarantine_id desc
limit $4

-- name: members
select memory_id from quarantine_members where tenant_id = $1 and quarantine_id = $2 order by memory_id limit $3

-- name: turns
select u.turn_id
from quarantine_members m
join memory_uses u on u.tenant_id = $1 and u.memory_id = m.memory_id
where m.tenant_id = $1 and m.quarantine_id = $2
group by u.turn_id
order by max(u.use_time) desc, u.turn_id desc
limit $3

-- name: note_uses
insert into memory_uses as u (tenant_id, memory_id, turn_id, use_time)
select $1, memory_id, turn_id, use_time
from unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) as given (memory_id, turn_id, use_time)
order by memory_id, turn_id
on conflict (memory_id, tenant_id, turn_id) do update set use_time = greatest(u.use_time, excluded.use_time)

-- name: prune_uses
delete from memory_uses where ctid = any(array(select ctid from memory_uses where use_time < $1 limit $2))
