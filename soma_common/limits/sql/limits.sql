-- GCRA: the row holds the theoretical arrival time of the next request.

-- name: take
-- Gives 0 for a request that is taken, else the seconds until one would be. The row lock makes concurrent callers take turns.
with moment as (
  select clock_timestamp() as now
),
taken as (
  insert into rate_limits as r (tenant_id, sub, name, arrival_time)
  select $1, $2, $3, now + $4::interval from moment
  on conflict (tenant_id, sub, name) do update
    set arrival_time = greatest(r.arrival_time, clock_timestamp()) + $4::interval
    where r.arrival_time <= clock_timestamp() + $5::interval
  returning true
)
select case when exists (select from taken) then 0.0
  else greatest(0.001, coalesce((
    select extract(epoch from r.arrival_time - $5::interval - clock_timestamp())
    from rate_limits r where r.tenant_id = $1 and r.sub = $2 and r.name = $3), 0.001))
end::float8;

-- name: sweep
delete from rate_limits where arrival_time < clock_timestamp() - interval '1 minute';
