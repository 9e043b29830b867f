-- What erases a person in the tables that every house has. Whom, `begin_erasing` has said.

-- name: begin
select begin_erasing($1, $2);

-- name: find
select names, words from find_person($1, $2, $3);

-- name: count_erased
select count_erased($1, $2, $3, $4);

-- name: erase_answers
with gone as (delete from idempotency where person_in(sub) or person_in(response) returning 1)
select count(*) from gone;

-- name: erase_rates
with gone as (delete from rate_limits where person_in(sub) returning 1)
select count(*) from gone;

-- name: erase_sagas
with renamed as (
    update sagas set sub = person_out(sub), input = person_out(input) where person_in(sub) or person_in(input) returning 1
),
results as (
    update saga_steps set result = person_out(result) where person_in(result) returning 1
)
select (select count(*) from renamed) + (select count(*) from results);

-- name: erase_replays
with renamed as (update replays set filters = person_out(filters) where person_in(filters) returning 1)
select count(*) from renamed;

-- name: events_with_person
select event_id, schema_name, payload, metadata::text as metadata from events
where person_in(payload) or person_in(metadata) limit $1;

-- name: rename_in_events
update events e set payload = r.payload, metadata = r.metadata::jsonb
from unnest($1::uuid[], $2::bytea[], $3::text[]) as r (event_id, payload, metadata)
where e.event_id = r.event_id;

-- name: letters_with_person
-- What has the name in its headers is told in the person's name: it goes whole.
select consumer, event_id, body, edited_body, person_in(headers) as theirs from dead_letters
where person_in(body) or person_in(edited_body) or person_in(headers) or person_named_in(error_message) limit $1;

-- name: rename_in_letters
update dead_letters l
set body = r.body, edited_body = r.edited_body, error_message = ''
from unnest($1::text[], $2::uuid[], $3::bytea[], $4::bytea[]) as r (consumer, event_id, body, edited_body)
where l.consumer = r.consumer and l.event_id = r.event_id;

-- name: drop_letters
delete from dead_letters l using unnest($1::text[], $2::uuid[]) as r (consumer, event_id)
where l.consumer = r.consumer and l.event_id = r.event_id;
