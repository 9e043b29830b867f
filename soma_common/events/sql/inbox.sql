-- What a consumer asks before and says with its effect, as the app role, for one tenant.

-- name: admit
-- Takes the event unless an earlier one of its stream waits ($6: earlier ones do not matter), or the stream is past it ($7:
-- that does not matter either). An event that was passed while its letter waits must not be noted as done here. `before`
-- is how far the stream was; whoever does not like it rolls back.
with before as (
  select sequence from inbox_streams where consumer = $1 and tenant_id = $2 and stream = $3 for update
),
ahead as (
  select not $6 and exists (
    select from dead_letters
    where consumer = $1 and tenant_id = $2 and stream = $3 and sequence < $4 and status <> 'discarded'
  ) as waits
),
taken as (
  insert into inbox (consumer, event_id, tenant_id) select $1, $5, $2 from ahead
  where not waits and ($7 or not exists (select from before where sequence >= $4))
  on conflict (consumer, event_id) do nothing
  returning event_id
),
moved as (
  insert into inbox_streams as s (consumer, tenant_id, stream, sequence) select $1, $2, $3, $4 from taken
  on conflict (consumer, tenant_id, stream) do update set sequence = greatest(s.sequence, excluded.sequence)
)
select (select waits from ahead) as waits, exists (select from taken) as taken, (select sequence from before) as before;

-- name: sweep
delete from inbox where ctid = any(array(
  select ctid from inbox where done_time < statement_timestamp() - make_interval(secs => $1) limit $2
));
