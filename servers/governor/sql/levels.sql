-- Statements on levels between turns.

-- name: save
-- $1 is the tenant, $2 the version that was read.
insert into levels (
    tenant_id, version, level, good_checks, worst_of_streak, check_time, change_time, sights, sight_time
) values ($1, 1, $3, $4, $5, $6, $7, $8::jsonb, $9)
on conflict (tenant_id) do update
set version = levels.version + 1, level = $3, good_checks = $4, worst_of_streak = $5, check_time = $6, change_time = $7,
    sights = $8::jsonb, sight_time = $9
where levels.version = $2;

-- name: basis
-- $1 is the tenant.
select level_basis($1) as basis;

-- name: bases
-- The worker's: of all tenants that are watched at once.
select t.tenant_id, level_basis(t.tenant_id) as basis from unnest($1::uuid[]) as t (tenant_id);
