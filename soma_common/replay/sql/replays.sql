-- Replays by name, and what a consumer of this house has had; as the app role, for one tenant.

-- name: begin
insert into replays (tenant_id, name, target, filters) values ($1, $2, $3, $4::jsonb)
on conflict (tenant_id, name) do nothing;

-- name: find
select target, filters, position, counts, end_time from replays where tenant_id = $1 and name = $2;

-- name: begin_anew
update replays set
  filters = $3::jsonb, position = '', counts = '{}', start_time = clock_timestamp(), update_time = clock_timestamp(), end_time = null
where tenant_id = $1 and name = $2;

-- name: move_on
update replays set
  position = $3, counts = $4::jsonb, update_time = clock_timestamp(), end_time = case when $5 then clock_timestamp() end
where tenant_id = $1 and name = $2;

-- name: find_had
select event_id from inbox where consumer = $1 and event_id = any($2::uuid[]);

-- name: find_letters
-- From where on each of these streams waits for a person or a later try.
select stream, min(sequence) as sequence from dead_letters
where consumer = $1 and tenant_id = $2 and stream = any($3::text[]) and status <> 'discarded'
group by stream;

-- name: take
insert into inbox (consumer, event_id, tenant_id) values ($1, $2, $3)
on conflict (consumer, event_id) do nothing
returning event_id;

-- name: sweep
delete from replays where update_time < clock_timestamp() - make_interval(secs => $1);
