-- Sagas of one house. What moves one names its holder and fence.

-- name: start
select s.fresh, s.same, (s.saga).*,
  case when s.fresh then (
    select count(*) from append_events($1, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
  ) end as told
from start_saga($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) s;

-- name: move
select case
  when move_saga($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
  then (select count(*) from append_events($1, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33))
  else -1
end as told;

-- name: wait
select wait_saga($1, $2, $3, $4, $5, $6) as arrived;

-- name: claim
-- What is due, over all tenants. A try that somebody began and did not end may have had its effect. Chosen apart, as a plan
-- may run a subquery for each row and so find more than its limit.
with due as materialized (
  select d.tenant_id, d.saga_id from sagas d
  where d.due_time <= statement_timestamp()
    and exists (select from unnest($3::text[], $4::int[]) as known (name, version) where known.name = d.name and known.version = d.version)
  order by d.due_time limit $5 for update skip locked
)
update sagas s set
  holder = $1, fence = s.fence + 1, due_time = clock_timestamp() + make_interval(secs => $2),
  doubt = s.doubt or (s.holder is not null and s.direction = 'forward'),
  attempts = s.attempts + case when s.holder is null then 0 else 1 end
from due
where s.tenant_id = due.tenant_id and s.saga_id = due.saga_id
returning s.*, extract(epoch from s.deadline_time - clock_timestamp())::float8 as left_seconds,
  coalesce(s.wait_time <= clock_timestamp(), false) as waited,
  (
    select json_object_agg(r.step, r.result) from saga_steps r
    where r.tenant_id = s.tenant_id and r.saga_id = s.saga_id and r.direction = 'forward' and r.status = 'done'
  ) as results;

-- name: prolong
update sagas s set due_time = clock_timestamp() + make_interval(secs => $2)
from unnest($3::uuid[], $4::uuid[], $5::bigint[]) as mine (tenant_id, saga_id, fence)
where s.tenant_id = mine.tenant_id and s.saga_id = mine.saga_id and s.holder = $1 and s.fence = mine.fence
returning s.tenant_id, s.saga_id;

-- name: let_go
-- The holder stays named: who takes it next knows that a try may have been cut short.
update sagas s set due_time = clock_timestamp()
from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as mine (tenant_id, saga_id, fence)
where s.tenant_id = mine.tenant_id and s.saga_id = mine.saga_id and s.holder = $1 and s.fence = mine.fence;

-- name: find
select (f.saga).*, f.steps from find_saga($1, $2) f;

-- name: list_sagas
select * from sagas
where tenant_id = $1 and ($2::text is null or name = $2) and ($3::text is null or status = $3)
  and ($4::timestamptz is null or (start_time, saga_id) < ($4::timestamptz, $5::uuid))
order by start_time desc, saga_id desc limit $6;

-- name: lock
select * from sagas where tenant_id = $1 and saga_id = $2 for update;

-- name: redirect
-- By a person's word: whoever holds it loses it. The time of the whole begins anew.
update sagas set
  status = $3, step_index = $4, step = $5, direction = $6, attempts = 0, doubt = $7, holder = null, fence = fence + 1, wait_time = null,
  deadline_time = clock_timestamp() + make_interval(secs => $8), due_time = case when $9 then clock_timestamp() end,
  end_time = case when $9 then null else clock_timestamp() end, update_time = clock_timestamp()
where tenant_id = $1 and saga_id = $2
returning *;

-- name: hasten
update sagas set due_time = clock_timestamp() where tenant_id = $1 and saga_id = $2 and holder is null and due_time is not null and wait_time is null;

-- name: take_event
update sagas set
  arrived = arrived || jsonb_build_object($3::text, $4::jsonb),
  due_time = case when holder is null then clock_timestamp() else due_time end
where tenant_id = $1 and correlation_id = $2 and status = 'RUNNING' and awaits <> '{}' and $3 = any(awaits) and not arrived ? $3
returning saga_id;

-- name: remove_letters
delete from dead_letters where tenant_id = $1 and consumer = $2 and stream = $3;

-- name: due_letters
-- Letters of stuck sagas that a person or their own time calls.
select tenant_id, stream from dead_letters where consumer = any($1::text[]) and next_time <= statement_timestamp() limit $2;

-- name: count_stuck
select name, count(*) from sagas where status in ('COMPENSATION_STUCK', 'STUCK') group by name;

-- name: sweep
with gone as (
  delete from sagas where (tenant_id, saga_id) in (
    select tenant_id, saga_id from sagas where end_time < statement_timestamp() - make_interval(secs => $1) limit $2
  )
  returning tenant_id, saga_id
)
delete from saga_steps s using gone g where s.tenant_id = g.tenant_id and s.saga_id = g.saga_id;
