-- Answers to mutations that were done.

-- name: find
select body_hash, response from idempotency where tenant_id = $1 and sub = $2 and method = $3 and request_id = $4;

-- name: record
insert into idempotency (tenant_id, sub, method, request_id, body_hash, response) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing;

-- name: sweep
delete from idempotency where created_time < clock_timestamp() - $1::interval;
