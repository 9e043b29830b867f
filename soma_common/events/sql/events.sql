-- The log of facts.

-- name: append
select sequence, event_time from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: publish
select sequence, event_time from publish_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: find_places
-- Where events got their place, in the order in which they were asked for; those that are not there are left out.
select e.sequence, e.event_time
from unnest($1::uuid[]) with ordinality as wanted (event_id, position) join events e using (event_id)
order by wanted.position;

-- name: find_held
-- Which of these streams somebody else holds now. What is free is not kept: the locks end with the statement.
with wanted as (
  select * from unnest($1::uuid[], $2::text[]) as w (tenant_id, stream)
),
free as (
  select s.tenant_id, s.stream from event_streams s join wanted using (tenant_id, stream)
  for no key update of s skip locked
)
select tenant_id, stream from wanted w
where exists (select from event_streams s where s.tenant_id = w.tenant_id and s.stream = w.stream)
  and not exists (select from free f where f.tenant_id = w.tenant_id and f.stream = w.stream);
