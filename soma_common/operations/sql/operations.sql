-- name: write_as
-- From here on the transaction writes rows of this tenant.
select set_config('soma.tenant_id', $1, true)
