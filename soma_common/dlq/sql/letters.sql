-- Dead letters of one house.

-- name: capture
insert into dead_letters as l (consumer, event_id, tenant_id, topic, shard, position, stream, sequence, event_type, status, body, headers,
                               error_class, error_message, error_id, attempts, next_time)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb, $13, $14, $15, $16, clock_timestamp() + make_interval(secs => $17))
on conflict (consumer, event_id) do update set
  status = excluded.status, error_class = excluded.error_class, error_message = excluded.error_message,
  error_id = excluded.error_id, attempts = greatest(l.attempts, excluded.attempts), last_time = clock_timestamp(),
  next_time = excluded.next_time
where l.status <> 'discarded';

-- name: go_past
-- The stream goes on behind an event that is not done.
insert into inbox_streams as s (consumer, tenant_id, stream, sequence) values ($1, $2, $3, $4)
on conflict (consumer, tenant_id, stream) do update set sequence = greatest(s.sequence, excluded.sequence);

-- name: find
select * from dead_letters where tenant_id = $1 and consumer = $2 and event_id = $3;

-- name: list_letters
select * from dead_letters
where tenant_id = $1 and ($2::text is null or consumer = $2) and ($3::text is null or status = $3)
  and ($4::text is null or stream = $4) and ($5::uuid is null or event_id between $5 and $6::uuid) and not ($7 and status = 'discarded')
  and ($8::uuid is null or (event_id, consumer) > ($8::uuid, $9::text))
order by event_id, consumer limit $10;

-- name: claim
-- Those whose time has come and that nothing of their stream stands before; a claim runs out by itself. Chosen apart, as a plan
-- may run a subquery for each row and so find more than its limit.
with due as materialized (
  select d.event_id from dead_letters d
  where d.consumer = $1 and d.next_time <= statement_timestamp() and ($2 or not exists (
    select from dead_letters b
    where b.consumer = d.consumer and b.tenant_id = d.tenant_id and b.stream = d.stream and b.sequence < d.sequence
      and b.status <> 'discarded'
  ))
  order by d.next_time limit $4 for update skip locked
)
update dead_letters l set next_time = clock_timestamp() + make_interval(secs => $3)
from due
where l.consumer = $1 and l.event_id = due.event_id
returning l.*;

-- name: call_first
-- The first of those that wait may go on when nothing stands before it any more.
update dead_letters l set status = 'retrying', next_time = clock_timestamp()
where l.consumer = $1 and l.status = 'waiting' and ($2::uuid is null or (l.tenant_id = $2 and l.stream = $3)) and not exists (
  select from dead_letters b
  where b.consumer = l.consumer and b.tenant_id = l.tenant_id and b.stream = l.stream and b.sequence < l.sequence
    and b.status <> 'discarded'
);

-- name: remove
delete from dead_letters where consumer = $1 and event_id = $2 and tenant_id = $3 and status <> 'discarded';

-- name: retry
update dead_letters set status = 'retrying', next_time = clock_timestamp(), edited_body = coalesce($4, edited_body)
where tenant_id = $1 and consumer = $2 and event_id = $3 and status in ('retrying', 'parked')
returning *;

-- name: discard
update dead_letters set status = 'discarded', next_time = null, last_time = clock_timestamp()
where tenant_id = $1 and consumer = $2 and event_id = $3 and status in ('retrying', 'parked')
returning *;

-- name: note_done
insert into inbox (consumer, event_id, tenant_id) values ($1, $2, $3) on conflict (consumer, event_id) do nothing;

-- name: retry_parked
-- Locked in the order of the list, so that two batches never wait for each other in a circle; chosen apart as above.
with meant as materialized (
  select d.event_id, d.consumer from dead_letters d
  where d.tenant_id = $1 and ($2::text is null or d.consumer = $2) and ($3::text is null or d.stream = $3)
    and ($4::uuid is null or (d.event_id, d.consumer) > ($4::uuid, $5::text)) and d.status = 'parked'
  order by d.event_id, d.consumer limit $6 for update
)
update dead_letters l set status = 'retrying', next_time = clock_timestamp()
from meant
where l.consumer = meant.consumer and l.event_id = meant.event_id
returning l.*;

-- name: count_parked
select consumer, count(*) as amount from dead_letters where status = 'parked' group by consumer;
