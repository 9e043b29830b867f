-- GCRA: the row holds the theoretical arrival time of the next request. The row lock makes concurrent callers take turns.

-- name: take
-- Gives 0 for a request that is taken, else the seconds until one would be.
with asked as materialized (select enter_tenant(:tenant)),
taken as (:taken)
select case when exists (select from taken) then 0 else :wait end as wait_seconds;

-- name: taken
-- Part of a statement: counts one request for each row of `asked`, and gives a row for each that is taken.
insert into rate_limits as r (tenant_id, sub, name, arrival_time)
select :tenant, :sub, :name, clock_timestamp() + :interval from asked
on conflict (tenant_id, sub, name) do update
  set arrival_time = greatest(r.arrival_time, clock_timestamp()) + :interval
  where r.arrival_time <= clock_timestamp() + :tolerance
returning true

-- name: wait
-- Part of a statement: the seconds until a request that was not taken would be.
greatest(0.001, coalesce((
  select extract(epoch from r.arrival_time - :tolerance - clock_timestamp())
  from rate_limits r where r.tenant_id = :tenant and r.sub = :sub and r.name = :name), 0.001))::float8

-- name: sweep
delete from rate_limits where arrival_time < clock_timestamp() - interval '1 minute';
