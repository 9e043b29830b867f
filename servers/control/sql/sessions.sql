-- name: spend
insert into spent_proofs as spent (tenant_id, kind, proof_id, request_id, expire_time)
values ($1, $2, $3, $4, $5)
on conflict (tenant_id, kind, proof_id) do update set expire_time = greatest(spent.expire_time, excluded.expire_time)
where spent.request_id = excluded.request_id or spent.kind = 'session'
returning proof_id

-- name: list_ended
select proof_id from spent_proofs
where kind = 'session' and expire_time > $1
order by expire_time desc
limit $2

-- name: sweep
delete from spent_proofs
where (tenant_id, kind, proof_id) in (select tenant_id, kind, proof_id from spent_proofs where expire_time < $1 limit $2)
returning 1
