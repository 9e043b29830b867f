-- Answers to mutations that were done.

-- name: find
select body_hash, response from find_answer($1, $2, $3, $4);

-- name: record
insert into idempotency (tenant_id, sub, method, request_id, body_hash, response) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing;

-- name: record_step
-- The same for a step of a saga, unless its compensation was here before.
with fence as (
  insert into saga_fences as f (tenant_id, effect_key, done, refused) values ($1, $7, true, false)
  on conflict (tenant_id, effect_key) do update set done = true where not f.refused
  returning effect_key
),
recorded as (
  insert into idempotency (tenant_id, sub, method, request_id, body_hash, response) select $1, $2, $3, $4, $5, $6 from fence
  on conflict do nothing
  returning request_id
)
select exists (select from fence) as open, exists (select from recorded) as fresh;

-- name: sweep_fences
-- As long as sagas are kept: until then one that was stuck may ask whether a step was done.
delete from saga_fences where ctid = any(array(
  select ctid from saga_fences where created_time < statement_timestamp() - $1::interval limit 5000
));

-- name: sweep
delete from idempotency where created_time < statement_timestamp() - $1::interval;
