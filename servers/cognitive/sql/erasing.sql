-- What erases a person here. Whom, `begin_erasing` has said in the same transaction.

-- name: erase_states
-- An agent's state is the agent's; who moved it by hand goes.
with unsaid as (update state_log set changed_by = person_out(changed_by) where person_in(changed_by) returning 1)
select count(*) from unsaid;

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
