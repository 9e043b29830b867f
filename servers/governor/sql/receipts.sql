-- The statements on receipts that were written. $1 is the tenant where row-level security applies.

-- name: find_receipt
select plan, settlement, owner_sub from find_receipt($1, $2);

-- name: list_receipts
select receipt_id, plan_time, plan, settlement from list_receipts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: make_partitions
select make_receipt_partitions($1, $2);

-- name: drop_old
select drop_old_receipts($1);

-- name: list_tenants
-- Every tenant that ever planned a turn, with its configuration or null.
select b.tenant_id, c.config
from budgets b
left join lateral (
    select n.config from configurations n where n.tenant_id = b.tenant_id order by n.version desc limit 1
) c on true
where b.period = 'day';

-- name: expire
-- Some thousands at once; answers how many.
select expire_receipts($1, $2) as deleted;
