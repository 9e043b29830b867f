-- The statements on health reports, all of the worker. Moments are those at which a governor heard them.

-- name: put_report
-- One that comes late, from a database that hung, does not replace a newer one.
with gone as (
    delete from health_reports where instance <> $1 and expire_time < $5::timestamptz - interval '1 minute'
)
insert into health_reports (instance, house, seen, report_time, expire_time)
values ($1, $2, $3::text::jsonb, $5::timestamptz, $5::timestamptz + make_interval(secs => $4))
on conflict (instance) do update
set house = excluded.house, seen = excluded.seen, report_time = excluded.report_time, expire_time = excluded.expire_time
where health_reports.report_time <= excluded.report_time;

-- name: valid_reports
select
    instance, house, seen::text as seen, report_time,
    extract(epoch from expire_time - $1::timestamptz)::double precision as seconds_left
from health_reports where expire_time > $1::timestamptz order by instance;
