-- Statements that store memories and change what is true, run under row-level security.

-- name: keep_many
select draft_id, outcome, kept_id, kept_version, superseded, versions, today
from keep_memories($1, $2, $3, $4, $5::json, $6, $7, $8, $9, $10, $11)

-- name: keep_one
select k.draft_id, k.outcome, k.kept_id, k.kept_version, k.superseded, k.versions, k.today, k.indexed, (k.kept).*
from keep_memories($1, $2, $3, $4, $5::json, $6, $7, $8, $9, $10, $11) k

-- name: hold
select * from memories where tenant_id = $1 and memory_id = $2 for update

-- name: keep_version
insert into memory_versions (
    tenant_id, memory_id, version, kind, text, payload, subject, speaker, trust, importance, tags, token_count, pinned,
    expire_time, coordinate, valid_from, valid_to, change_time, change_sub
)
select tenant_id, memory_id, version, kind, text, payload, subject, speaker, trust, importance, tags, token_count, pinned,
    expire_time, coordinate, valid_from, valid_to, $3, $4
from memories where tenant_id = $1 and memory_id = $2

-- name: change
-- The text is held unless somebody else has it: then what is changed holds none. It is believed no more than its sources.
with grown as (
    update namespace_sizes n set terms = n.terms + d.term_count - m.term_count
    from json_populate_recordset(null::memory_draft, $2::json) d
    join memories m on m.tenant_id = $1 and m.memory_id = d.memory_id
    where n.tenant_id = $1 and n.namespace = d.namespace
)
update memories m
set kind = d.kind, text = d.text, payload = d.payload::jsonb, subject = d.subject, speaker = d.speaker,
    trust = least(d.trust, (
        select min(s.trust) from memories s where s.tenant_id = $1 and s.memory_id = any(m.derived_from)
    )),
    importance = d.importance, tags = d.tags, token_count = d.token_count, term_count = d.term_count, pinned = d.pinned,
    expire_time = d.expire_time, coordinate = d.coordinate, valid_from = d.valid_from, valid_to = d.valid_to,
    embedding_version = d.embedding_version, version = m.version + 1,
    text_key = d.text_key || case when exists (
        select from memories o
        where o.text_key = d.text_key and o.tenant_id = $1 and o.namespace = d.namespace and o.subject = d.subject
            and o.memory_id <> d.memory_id
    ) then uuid_send(d.memory_id) else ''::bytea end
from json_populate_recordset(null::memory_draft, $2::json) d
where m.tenant_id = $1 and m.memory_id = d.memory_id
returning m.*

-- name: unindex
-- What the release before this one searches.
with gone as (delete from memory_vectors where memory_id = $2 and tenant_id = $1)
delete from memory_terms where memory_id = $2 and tenant_id = $1

-- name: close_old
update memories m
set retire_time = $3, retire_reason = 4, superseded_by = $4, version = m.version + 1,
    valid_to = least(m.valid_to, greatest(m.valid_from, $5::timestamptz))
where m.tenant_id = $1 and m.memory_id = $2
returning m.*

-- name: list
-- The newest of each namespace, in the order of its index, and of these the newest.
select newest.* from (select distinct unnest($2::text[]) as namespace) place
cross join lateral (
    select m.* from memories m
    where m.tenant_id = $1 and m.namespace = place.namespace
        and case when cardinality($3::smallint[]) = 0 then m.kind <> 4 else m.kind = any($3::smallint[]) end
        and m.tags @> $4::text[]
        and ($5 = '' or m.subject = $5)
        and ($6::uuid is null or m.conversation_id = $6)
        and ($7 = '' or m.source_id = $7)
        and (m.expire_time is null or m.expire_time > $8)
        and (
            ($9::boolean and (m.hidden_by = 0 or $10::boolean))
            or (
                m.hidden_by = 0 and m.valid_from <= $8 and (m.valid_to is null or m.valid_to > $8)
                and (m.retire_time is null or (m.retire_reason in (1, 4) and m.valid_to > $8))
            )
        )
        and ($11::timestamptz is null or (m.learn_time, m.memory_id) < ($11, $12::uuid))
    order by m.learn_time desc, m.memory_id desc
    limit $13
) newest
order by newest.learn_time desc, newest.memory_id desc
limit $13

-- name: versions
select v.*, m.namespace, m.owner_sub, m.source_class, m.source_id, m.conversation_id, m.turn_id, m.term_count, m.learn_time,
    m.access_count, m.access_time, '' as embedding_version, m.position, m.session_time, m.predicate, m.object,
    null::timestamptz as retire_time, null::smallint as retire_reason, null::uuid as superseded_by, m.derived_from, m.hidden_by
from memory_versions v
join memories m on m.tenant_id = v.tenant_id and m.memory_id = v.memory_id
where v.tenant_id = $1 and v.memory_id = $2
order by v.version desc
limit $3

-- name: predecessors
with recursive before (memory_id, depth) as (
    select memory_id, 1 from memories where tenant_id = $1 and superseded_by = $2
    union
    select m.memory_id, before.depth + 1 from memories m
    join before on m.superseded_by = before.memory_id and m.tenant_id = $1
    where before.depth < $3
)
select m.* from memories m
join (select memory_id, min(depth) as depth from before group by memory_id) b using (memory_id)
where m.tenant_id = $1
order by b.depth, m.memory_id desc
limit $3

-- name: successors
with recursive after (memory_id, next_id, depth) as (
    select memory_id, superseded_by, 0 from memories where tenant_id = $1 and memory_id = $2
    union
    select m.memory_id, m.superseded_by, after.depth + 1 from memories m
    join after on m.memory_id = after.next_id and m.tenant_id = $1
    where after.depth < $3
)
select m.* from memories m
join (select memory_id, min(depth) as depth from after where depth > 0 group by memory_id) a using (memory_id)
where m.tenant_id = $1
order by a.depth
limit $3

-- name: sources
select s.* from memories m
cross join unnest(m.derived_from) with ordinality as o (memory_id, place)
join memories s on s.tenant_id = $1 and s.memory_id = o.memory_id
where m.tenant_id = $1 and m.memory_id = $2
order by o.place
limit $3

-- name: descendants
with recursive made (memory_id, depth) as (
    select memory_id, 1 from memory_origins where origin_id = $2 and tenant_id = $1
    union
    select o.memory_id, made.depth + 1 from memory_origins o
    join made on o.origin_id = made.memory_id and o.tenant_id = $1
    where made.depth < $3
)
select m.* from memories m
join (select memory_id, min(depth) as depth from made group by memory_id) d using (memory_id)
where m.tenant_id = $1
order by d.depth, m.memory_id
limit $3

-- name: wait_for_coordinate
select pg_advisory_xact_lock(memory_lock($1, 'coordinate/' || $2::text || '/' || $3::text))

-- name: holder
select memory_id from memories
where coordinate = $3 and tenant_id = $1 and namespace = $2 and coordinate <> '' and retire_time is null and hidden_by = 0
