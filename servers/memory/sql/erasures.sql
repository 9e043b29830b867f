-- Erasures as they are begun, reported and ended.

-- name: begin
select begin_erasure($1, $2, $3, $4, $5);

-- name: find
select erasure_id, sub, start_time, end_time, subject_hash is not null and subject_hash = sha256(salt || convert_to($2, 'UTF8')) as of_asker
from erasures where erasure_id = $1;

-- name: find_stores
select house, store, state, erased_count, found_count, sentence, due_time from erased_stores
where erasure_id = $1 order by house, store;

-- name: put_stores
insert into erased_stores (tenant_id, erasure_id, house, store, state, erased_count, found_count, sentence, due_time)
select $1, $2, r.* from unnest($3::text[], $4::text[], $5::smallint[], $6::bigint[], $7::bigint[], $8::text[], $9::timestamptz[]) as r
on conflict (tenant_id, erasure_id, house, store) do update set
    state = excluded.state, erased_count = excluded.erased_count, found_count = excluded.found_count,
    sentence = excluded.sentence, due_time = excluded.due_time;

-- name: end
update erasures set sub = null, end_time = $2 where erasure_id = $1 and end_time is null returning start_time;

-- name: sum_erased
select coalesce(sum(erased_count), 0)::bigint from erased_stores where erasure_id = $1;
