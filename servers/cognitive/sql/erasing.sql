-- What erases a person here. Whom, `begin_erasing` has said in the same transaction.

-- name: erase_states
-- An agent's state is the agent's; who moved it by hand goes.
with unsaid as (update state_log set changed_by = person_out(changed_by) where person_in(changed_by) returning 1)
select count(*) from unsaid;

-- name: erase_threads
-- Whatever stands in a thread is its maker's; so do the answers that others were given about it.
with gone as (delete from threads where person_in(owner_sub) returning thread_id),
answers as (
    delete from idempotency i using gone g
    where starts_with(i.method, '/soma.cognitive.v1.ThreadService/')
        and position(convert_to(g.thread_id::text, 'UTF8') in i.response) > 0
    returning 1
)
select (select count(*) from gone) + (select count(*) from answers);

-- name: erase_adaptations
-- What an agent learned is the agent's; who judged, reset or took back goes.
with unsaid as (update adaptation_log set changed_by = person_out(changed_by) where person_in(changed_by) returning 1)
select count(*) from unsaid;

-- name: erase_sleeps
-- Who put an agent to sleep goes, with the word that came along; and where memories of the person's turns were kept.
with unsaid as (
    update sleep_log set changed_by = person_out(changed_by), trace_id = '' where person_in(changed_by) returning 1
),
gone as (delete from agent_namespaces where person_in(namespace) returning 1)
select (select count(*) from unsaid) + (select count(*) from gone);

-- name: erase_working_memories
-- What a person's sessions have in mind goes with them, and what was answered to the person, or names the person's namespace.
with sessions as (delete from working_memories where person_in(owner_sub) returning 1),
items as (delete from working_items where person_in(owner_sub) returning 1),
answers as (delete from actions where person_in(owner_sub) or person_in(answer) returning 1)
select (select count(*) from sessions) + (select count(*) from items) + (select count(*) from answers);

-- name: erase_cycles
-- A cycle is the agent's; what it was still to do with the person's memories goes.
with gone as (delete from sleep_cycle_groups where person_in(namespace) returning 1)
select count(*) from gone;
