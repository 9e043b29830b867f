-- What erases a person here. Whom, `begin_erasing` has said in the same transaction.

-- name: erase_memories
select erase_memories(current_setting('soma.tenant_id')::uuid);

-- name: drop_own_lost
with gone as (delete from lost_memories where person_in(namespace) returning 1)
select count(*) from gone;

-- name: erase_links
with gone as (delete from memory_links where person_in(owner_sub) returning 1)
select count(*) from gone;

-- name: erase_forgotten
-- Fences of the person's own sources: the erasure's own takes their place.
with gone as (delete from forgotten_sources where person_in(owner_sub) or person_in(source) returning 1)
select count(*) from gone;

-- name: erase_quarantines
-- What is hidden stays hidden; who hid it, and why, goes.
with unsaid as (
    update quarantines set owner_sub = person_out(owner_sub), reason = '' where person_in(owner_sub) returning 1
)
select count(*) from unsaid;

-- name: erase_upkeep
-- What was consolidated in the person's own namespace goes; of what somebody else was, whose it was. Of a source that is gone
-- not even the hash of its text stays.
with gone as (
    delete from consolidations where person_in(namespace) returning 1
),
hashes as (
    delete from consolidation_sources s
    where not exists (select from memories m where m.tenant_id = s.tenant_id and m.memory_id = s.memory_id) returning 1
),
proposals as (
    delete from consolidation_proposals p
    where (
        select count(*) from memories m where m.tenant_id = p.tenant_id and m.memory_id = any(p.source_ids)
    ) < cardinality(p.source_ids) returning 1
),
renamed as (
    update consolidations set owner_sub = person_out(owner_sub) where person_in(owner_sub) and not person_in(namespace) returning 1
),
sweeps as (
    update sweeps set owner_sub = person_out(owner_sub) where person_in(owner_sub) returning 1
)
select (select count(*) from gone) + (select count(*) from hashes)
    + (select count(*) from proposals) + (select count(*) from renamed) + (select count(*) from sweeps);
