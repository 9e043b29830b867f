-- The statements on health reports, all of the worker. Moments are the database's, so that the governors agree on them.

-- name: put_report
with gone as (
    delete from health_reports where instance <> $1 and expire_time < now() - interval '1 minute'
)
insert into health_reports (instance, house, seen, report_time, expire_time)
values ($1, $2, $3::text::jsonb, now(), now() + make_interval(secs => $4))
on conflict (instance) do update
set house = excluded.house, seen = excluded.seen, report_time = excluded.report_time, expire_time = excluded.expire_time;

-- name: valid_reports
select instance, house, seen::text as seen, extract(epoch from expire_time - now())::double precision as seconds_left
from health_reports where expire_time > now() order by instance;
