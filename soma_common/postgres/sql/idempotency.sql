-- Answers to mutations that were done.

-- name: find
select body_hash, response from find_answer($1, $2, $3, $4);

-- name: record
insert into idempotency (tenant_id, sub, method, request_id, body_hash, response) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing;

-- name: sweep
delete from idempotency where created_time < clock_timestamp() - $1::interval;
