-- Statements of the tenants' model profiles. All but `versions` run under row-level security.

-- name: find_catalogue
select version, default_profile_id from model_catalogues where tenant_id = $1

-- name: raise_version
insert into model_catalogues (tenant_id, version, update_time) values ($1, 1, $2)
on conflict (tenant_id) do update set version = model_catalogues.version + 1, update_time = excluded.update_time
returning default_profile_id

-- name: set_default
update model_catalogues set default_profile_id = $2 where tenant_id = $1

-- name: list_profiles
select * from model_profiles where tenant_id = $1 order by profile_id

-- name: lock_profile
select * from model_profiles where tenant_id = $1 and profile_id = $2 for update

-- name: insert_profile
insert into model_profiles (
    tenant_id, profile_id, provider, model, base_url, window_tokens, max_output_tokens, price_input, price_cached_input,
    price_output, price_reasoning, tools, tokenizer, key_id, version, create_time, update_time
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
on conflict do nothing
returning *

-- name: change_profile
update model_profiles
set provider = $3, model = $4, base_url = $5, window_tokens = $6, max_output_tokens = $7, price_input = $8,
    price_cached_input = $9, price_output = $10, price_reasoning = $11, tools = $12, tokenizer = $13, key_id = $14, version = $15,
    update_time = $16
where tenant_id = $1 and profile_id = $2
returning *

-- name: delete_profile
delete from model_profiles where tenant_id = $1 and profile_id = $2

-- name: versions
select tenant_id, version from model_catalogues where tenant_id = any($1::uuid[])

-- name: list_fallbacks
select profile_id, fallback_ids from model_fallbacks where tenant_id = $1

-- name: set_fallbacks
insert into model_fallbacks (tenant_id, profile_id, fallback_ids) values ($1, $2, $3)
on conflict (tenant_id, profile_id) do update set fallback_ids = excluded.fallback_ids

-- name: forget_as_fallback
-- A model that is gone stands in for nobody, and nobody for it.
with own as (delete from model_fallbacks where tenant_id = $1 and profile_id = $2)
update model_fallbacks set fallback_ids = array_remove(fallback_ids, $2)
where tenant_id = $1 and profile_id <> $2 and $2 = any(fallback_ids)
