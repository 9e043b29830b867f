-- Consolidations, their sources and their proposals.

-- name: begin
insert into consolidations (tenant_id, consolidation_id, namespace, owner_sub, state, start_time)
values ($1, $2, $3, $4, 1, $5)
on conflict do nothing
returning consolidation_id

-- name: find
select * from consolidations where tenant_id = $1 and consolidation_id = $2

-- name: find_running
select * from consolidations where tenant_id = $1 and namespace = $2 and state = 1

-- name: lock
select * from consolidations where tenant_id = $1 and consolidation_id = $2 for update

-- name: list
select * from consolidations
where tenant_id = $1 and ($2::text = '' or namespace = $2)
  and (namespace not like 'user:%' or namespace = $3 or $4)
  and ($5::timestamptz is null or (start_time, consolidation_id) < ($5::timestamptz, $6::uuid))
order by start_time desc, consolidation_id desc limit $7

-- name: candidates
-- What was never looked at comes first, then what was so longest ago.
select m.* from memories m
left join lateral (
  select max(c.start_time) as looked_time from consolidation_sources s
  join consolidations c on c.tenant_id = s.tenant_id and c.consolidation_id = s.consolidation_id
  where s.memory_id = m.memory_id and s.tenant_id = m.tenant_id
) looked on true
where m.tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid and m.namespace = $1
  and m.kind = 1 and m.learn_time <= $2 and m.retire_time is null and m.hidden_by = 0 and not m.pinned
  and m.coordinate = '' and m.predicate = '' and m.expire_time is null and m.valid_to is null and m.valid_from <= $3
  and m.payload is null and (cardinality($5::uuid[]) = 0 or m.memory_id = any($5::uuid[]))
order by looked.looked_time nulls first, m.learn_time, m.memory_id limit $4

-- name: to_replay
-- Candidates that no consolidation has looked at since $3; one that was stopped, or that asked a model in vain, has not.
select m.* from memories m
where m.tenant_id = $1 and m.namespace = any($2::text[])
  and m.kind = 1 and m.retire_time is null and m.hidden_by = 0 and not m.pinned
  and m.coordinate = '' and m.predicate = '' and m.expire_time is null and m.valid_to is null and m.valid_from <= $4
  and m.payload is null
  and not exists (
    select from consolidation_sources s
    join consolidations c on c.tenant_id = s.tenant_id and c.consolidation_id = s.consolidation_id
    where s.memory_id = m.memory_id and s.tenant_id = m.tenant_id and c.method <> '' and c.start_time > $3
  )
order by m.importance desc, m.access_count desc, m.learn_time desc, m.memory_id limit $5

-- name: count_to_replay
-- As many of them, at most $5.
select count(*) from (
  select from memories m
  where m.tenant_id = $1 and m.namespace = any($2::text[])
    and m.kind = 1 and m.retire_time is null and m.hidden_by = 0 and not m.pinned
    and m.coordinate = '' and m.predicate = '' and m.expire_time is null and m.valid_to is null and m.valid_from <= $4
    and m.payload is null
    and not exists (
      select from consolidation_sources s
      join consolidations c on c.tenant_id = s.tenant_id and c.consolidation_id = s.consolidation_id
      where s.memory_id = m.memory_id and s.tenant_id = m.tenant_id and c.method <> '' and c.start_time > $3
    )
  limit $5
) waiting

-- name: replayed
select m.* from unnest($2::uuid[]) with ordinality as wanted (memory_id, place)
join memories m on m.tenant_id = $1 and m.memory_id = wanted.memory_id
where m.hidden_by = 0 and (m.retire_time is null or m.retire_reason = 3) and (m.expire_time is null or m.expire_time > $3)
order by wanted.place

-- name: leave_unlooked
update consolidations set method = '' where tenant_id = $1 and consolidation_id = $2 and state in (3, 4)

-- name: add_sources
insert into consolidation_sources (tenant_id, consolidation_id, memory_id, text_hash)
select $1, $2, memory_id, text_hash from unnest($3::uuid[], $4::bytea[]) as given (memory_id, text_hash)
on conflict do nothing

-- name: sources
-- Those that are still as they were looked at.
select m.* from consolidation_sources s
join memories m on m.tenant_id = s.tenant_id and m.memory_id = s.memory_id
where s.tenant_id = $1 and s.consolidation_id = $2 and sha256(convert_to(m.text, 'UTF8')) = s.text_hash
  and m.kind = 1 and m.retire_time is null and m.hidden_by = 0 and not m.pinned
  and m.coordinate = '' and m.predicate = '' and m.expire_time is null and m.valid_to is null and m.payload is null
order by m.learn_time, m.memory_id

-- name: hold_sources
select m.memory_id from consolidation_sources s
join memories m on m.tenant_id = s.tenant_id and m.memory_id = s.memory_id
where s.tenant_id = $1 and s.consolidation_id = $2
order by m.memory_id for update of m

-- name: drop_proposals
delete from consolidation_proposals where tenant_id = $1 and consolidation_id = $2

-- name: add_proposals
insert into consolidation_proposals (tenant_id, consolidation_id, number, text, source_ids)
values ($1, $2, $3, $4, $5)
on conflict do nothing

-- name: proposals
select text, source_ids from consolidation_proposals where tenant_id = $1 and consolidation_id = $2 order by number

-- name: say_method
update consolidations set method = $3, sentence = $4, used_tokens = $5 where tenant_id = $1 and consolidation_id = $2

-- name: rest
update memories set retire_time = $3, retire_reason = 3
where tenant_id = $1 and memory_id = any($2::uuid[]) and retire_time is null

-- name: mark_rested
update consolidation_sources set rested = true
where tenant_id = $1 and consolidation_id = $2 and memory_id = any($3::uuid[])

-- name: store_fact
with stored as (
  insert into memories (
    tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, subject, speaker, source_class, source_id,
    conversation_id, turn_id, trust, importance, tags, token_count, term_count, learn_time, valid_from, embedding_version,
    derived_from
  )
  values ($1, $2, $3, $4, 2, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
  on conflict (tenant_id, namespace, subject, text_key) do nothing
  returning tenant_id, namespace, memory_id, term_count
),
grown as (
  insert into namespace_sizes as n (tenant_id, namespace, memories, terms)
  select tenant_id, namespace, 1, term_count from stored
  on conflict (tenant_id, namespace) do update set memories = n.memories + 1, terms = n.terms + excluded.terms
)
select memory_id from stored

-- name: inherit_sources
-- Whatever told a source told the fact: so it is found when that is forgotten.
insert into memory_sources (
  tenant_id, memory_id, owner_sub, speaker, source_class, source_id, conversation_id, turn_id, learn_time
)
select distinct on (told.owner_sub, told.source_id, told.conversation_id)
  $1::uuid, $2::uuid, told.owner_sub, told.speaker, told.source_class, told.source_id, told.conversation_id, told.turn_id,
  told.learn_time
from (
  select m.owner_sub, m.speaker, m.source_class, m.source_id, m.conversation_id, m.turn_id, m.learn_time
  from memories m where m.tenant_id = $1 and m.memory_id = any($3::uuid[])
  union all
  select s.owner_sub, s.speaker, s.source_class, s.source_id, s.conversation_id, s.turn_id, s.learn_time
  from memory_sources s where s.tenant_id = $1 and s.memory_id = any($3::uuid[])
) told
join memories f on f.tenant_id = $1 and f.memory_id = $2
where (told.owner_sub, told.source_id) is distinct from (f.owner_sub, f.source_id)
  or told.conversation_id is distinct from f.conversation_id
order by told.owner_sub, told.source_id, told.conversation_id, told.learn_time
on conflict do nothing

-- name: finish
update consolidations
set state = $3, sentence = $4, source_count = $5, rested_count = $6, coverage = $7, fact_ids = $8, end_time = $9, undo_until = $10
where tenant_id = $1 and consolidation_id = $2

-- name: abandon
update consolidations set state = 3, sentence = $3, end_time = $4
where tenant_id = $1 and consolidation_id = $2 and state = 1

-- name: take_facts_out
update memories set retire_time = $3, retire_reason = 3
where tenant_id = $1 and memory_id = any($2::uuid[]) and retire_time is null

-- name: awaken
-- What was corrected, deleted or hidden meanwhile stays so; and what is itself a fact that was taken out stays out.
update memories m set retire_time = null, retire_reason = null
from consolidation_sources s
where s.tenant_id = $1 and s.consolidation_id = $2 and s.rested and m.tenant_id = $1 and m.memory_id = s.memory_id
  and m.retire_reason = 3 and m.retire_time = $3
  and not exists (
    select from consolidations c where c.tenant_id = $1 and c.state = 4 and m.memory_id = any(c.fact_ids)
  )
returning m.memory_id

-- name: mark_rolled_back
update consolidations set state = 4, sentence = $3 where tenant_id = $1 and consolidation_id = $2

-- name: rouse
update memories set retire_time = null, retire_reason = null
where tenant_id = $1 and memory_id = any($2::uuid[]) and retire_reason = 3 and retire_time = $3
