-- What erases a person here. Whom, `begin_erasing` has said in the same transaction.

-- name: erase_memories
select erase_memories(current_setting('soma.tenant_id')::uuid);

-- name: erase_links
with gone as (delete from memory_links where person_in(owner_sub) returning 1)
select count(*) from gone;

-- name: erase_forgotten
-- Fences of the person's own sources: the erasure's own takes their place.
with gone as (delete from forgotten_sources where person_in(owner_sub) or person_in(source) returning 1)
select count(*) from gone;
