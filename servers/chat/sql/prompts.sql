-- What prompts are made again from, beside messages and memories; of a tenant, under row-level security.

-- name: keep_basis
-- A client's words are not kept of a conversation that was deleted meanwhile.
insert into prompt_bases (tenant_id, digest, body, use_time, conversation_id)
select $1, $2, $3, $4, $5::uuid
where $5 is null or exists (select from conversations where conversation_id = $5 and status <> 'deleted')
on conflict (tenant_id, digest) do update set use_time = excluded.use_time where prompt_bases.use_time < excluded.use_time;

-- name: find_basis
select body from prompt_bases where digest = $1;

-- name: sweep_bases
-- By the worker, over all tenants.
delete from prompt_bases where use_time < now() - make_interval(secs => $1);

-- name: find_answer
select parts, tool_calls, tool_results from messages where message_id = $1;

-- name: find_words
select parts from messages where message_id = $1 and role = 'user';

-- name: find_unsettled
-- A settlement that the governor was not told yet.
select payload from intents where turn_id = $1 and kind = 'settle_turn';
