-- What erases a person here. Whom, `begin_erasing` has said in the same transaction.

-- name: erase_keys
-- A key that acts for the person acts for nobody any more; one that it made for another goes on, under no words of its own.
with gone as (
    delete from api_keys where person_in(sub) returning 1
),
unsaid as (
    update api_keys set created_by = person_out(created_by), name = 'key ' || key_id
    where person_in(created_by) and not person_in(sub) returning 1
)
select (select count(*) from gone) + (select count(*) from unsaid);

-- name: erase_members
-- Who made a tenant is the business of the tenant that looks after it: its rows are seen here as well.
with gone as (
    delete from members m where person_in(m.sub) and m.tenant_id = current_setting('soma.tenant_id')::uuid returning 1
),
unsaid as (
    update tenants set created_by = person_out(created_by) where person_in(created_by) returning 1
)
select (select count(*) from gone) + (select count(*) from unsaid);

-- name: find_members
select (
    select count(*) from members m where person_in(m.sub) and m.tenant_id = current_setting('soma.tenant_id')::uuid
) + (
    select count(*) from tenants t where person_in(t.created_by) and t.managed_by = current_setting('soma.tenant_id')::uuid
);

-- name: erase_features
with unsaid as (
    update features set updated_by = person_out(updated_by)
    where person_in(updated_by) and tenant_id = current_setting('soma.tenant_id')::uuid returning 1
)
select count(*) from unsaid;

-- name: find_features
select count(*) from features where person_in(updated_by) and tenant_id = current_setting('soma.tenant_id')::uuid;
