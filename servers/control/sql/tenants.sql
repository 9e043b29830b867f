-- name: insert_tenant
insert into tenants (tenant_id, managed_by, name, display_name, created_by, create_time, update_time)
values ($1, $2, $3, $4, $5, $6, $6)
on conflict (managed_by, name) do nothing
returning tenant_id

-- name: adopt_tenant
insert into tenants (tenant_id, managed_by, name, display_name, created_by, create_time, update_time)
values ($1, $1, $2, $2, $3, $4, $4)
on conflict do nothing
returning tenant_id

-- name: insert_member
insert into members (tenant_id, sub, role, create_time) values ($1, $2, $3, $4) on conflict do nothing

-- name: find_tenant
select tenant_id, managed_by, name, display_name, version, created_by, create_time, update_time,
    (select sub from members where members.tenant_id = tenants.tenant_id and role = 'admin'
        order by create_time, sub limit 1) as owner_sub
from tenants where tenant_id = $1

-- name: find_tenant_by_name
select tenant_id from tenants where name = $1 and managed_by = $2

-- name: list_tenants
select tenant_id, managed_by, name, display_name, version, created_by, create_time, update_time,
    (select sub from members where members.tenant_id = tenants.tenant_id and role = 'admin'
        order by create_time, sub limit 1) as owner_sub
from tenants where name > $1
order by name
limit $2

-- name: lock_tenant
select tenant_id from tenants where tenant_id = $1 for update

-- name: rename_tenant
update tenants set display_name = $2, version = version + 1, update_time = $3 where tenant_id = $1

-- name: delete_member
delete from members where tenant_id = $1 and sub = $2

-- name: delete_tenant
delete from tenants where tenant_id = $1 returning tenant_id
