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
-- Every tenant that ever planned a turn.
select tenant_id from budgets where period = 'day';

-- name: expire
select expire_receipts($1, $2);
