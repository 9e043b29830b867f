-- Statements that export, import and count memories, run under row-level security.

-- name: exported
-- With what rests, or only what is in recall; never what is hidden or has expired.
select * from memories m
where m.tenant_id = $1 and m.namespace = any($2::text[])
    and m.hidden_by = 0 and (m.expire_time is null or m.expire_time > $3)
    and ($4::boolean or (
        m.valid_from <= $3 and (m.valid_to is null or m.valid_to > $3)
        and (m.retire_time is null or (m.retire_reason in (1, 4) and m.valid_to > $3))
    ))
order by m.memory_id

-- name: exported_links
select l.source_id, l.target_id, l.type, l.strength, l.owner_sub, l.update_time
from memory_links l
join memories s on s.tenant_id = l.tenant_id and s.memory_id = l.source_id
join memories t on t.tenant_id = l.tenant_id and t.memory_id = l.target_id
where l.tenant_id = $1 and s.namespace = any($2::text[]) and t.namespace = any($2::text[])
order by l.source_id, l.target_id, l.type

-- name: imported
select origin_id, memory_id, outcome from memory_imports
where tenant_id = $1 and owner_sub = $2 and request_id = $3 and origin_id = any($4::uuid[])

-- name: occupied
select memory_id, namespace, subject, text_key from memories where tenant_id = $1 and memory_id = any($2::uuid[])

-- name: note_imported
insert into memory_imports (tenant_id, owner_sub, request_id, origin_id, memory_id, outcome, import_time)
select $1, $2, $3, given.origin_id, given.memory_id, given.outcome, $7
from unnest($4::uuid[], $5::uuid[], $6::smallint[]) as given (origin_id, memory_id, outcome)

-- name: forget_imports
delete from memory_imports where tenant_id = $1 and import_time < $2

-- name: lock_import
select pg_advisory_xact_lock(memory_lock($1, 'import/' || $2::text || '/' || $3::text))

-- name: stats
select m.namespace,
    count(*) filter (where standing.recalled) as memory_count,
    coalesce(sum(m.token_count) filter (where standing.recalled), 0) as token_count,
    count(*) filter (where standing.recalled and m.kind = 1) as episodic_count,
    count(*) filter (where standing.recalled and m.kind = 2) as semantic_count,
    count(*) filter (where standing.recalled and m.kind = 3) as procedural_count,
    count(*) filter (where standing.recalled and m.pinned) as pinned_count,
    count(*) filter (where m.hidden_by > 0) as quarantined_count,
    count(*) filter (where m.hidden_by = 0 and not standing.recalled) as resting_count,
    count(q.memory_id) as pending_count,
    max(m.learn_time) filter (where standing.recalled) as newest_learn_time
from memories m
left join memories_to_index q on q.tenant_id = $1 and q.memory_id = m.memory_id
cross join lateral (
    select m.hidden_by = 0 and (m.expire_time is null or m.expire_time > $3)
        and m.valid_from <= $3 and (m.valid_to is null or m.valid_to > $3)
        and (m.retire_time is null or (m.retire_reason in (1, 4) and m.valid_to > $3)) as recalled
) standing
where m.tenant_id = $1 and m.namespace = any($2::text[])
group by m.namespace
order by m.namespace

-- name: stored_on
select coalesce(sum(stored), 0) from daily_writes where tenant_id = $1 and day = $2

-- name: readable
select namespace from namespace_sizes where tenant_id = $1 and memories > 0 and ($2::text is null or namespace not like 'user:%' or namespace = $2)
