-- What erases a person here. Whom, `begin_erasing` has said in the same transaction.

-- name: erase_states
-- An agent's state is the agent's; who moved it by hand goes.
with unsaid as (update state_log set changed_by = person_out(changed_by) where person_in(changed_by) returning 1)
select count(*) from unsaid;

-- name: erase_working_memories
-- What a person's sessions have in mind goes with them, and what was answered to the person, or names the person's namespace.
with sessions as (delete from working_memories where person_in(owner_sub) returning 1),
items as (delete from working_items where person_in(owner_sub) returning 1),
answers as (delete from actions where person_in(owner_sub) or person_in(answer) returning 1)
select (select count(*) from sessions) + (select count(*) from items) + (select count(*) from answers);
