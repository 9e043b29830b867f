-- name: insert_key
insert into api_keys (key_id, tenant_id, name, sub, role, scopes, created_by, create_time, expire_time, hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (key_id) do nothing
returning key_id

-- name: list_keys
select key_id, tenant_id, name, sub, role, scopes, created_by, create_time, expire_time, last_used_time, rotate_time,
    previous_expire_time, revoke_time
from api_keys
where ($1 or revoke_time is null) and ($2::timestamptz is null or (create_time, key_id) < ($2, $3))
order by create_time desc, key_id desc
limit $4

-- name: lock_key
select key_id, tenant_id, name, sub, role, scopes, created_by, create_time, expire_time, last_used_time, rotate_time,
    previous_expire_time, revoke_time
from api_keys where key_id = $1
for update

-- name: revoke_key
update api_keys set revoke_time = $2, previous_hash = null, previous_expire_time = null where key_id = $1

-- name: rotate_key
update api_keys
set previous_hash = case when $4::timestamptz is null then null else hash end, previous_expire_time = $4,
    hash = $2, rotate_time = $3
where key_id = $1

-- name: find_key
select key_id, tenant_id, name, sub, role, scopes, created_by, create_time, expire_time, last_used_time, rotate_time,
    previous_expire_time, revoke_time, hash, previous_hash
from api_keys where key_id = $1

-- name: note_use
update api_keys set last_used_time = $2 where key_id = $1
