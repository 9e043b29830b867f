-- Statements of the words of messages. All but the worker's run under row-level security.

-- name: claim_owners
-- The worker's. Whoever dies over it is no loss: the next messages of the owner bring it back.
with due as (
    select tenant_id, owner_key from owners_to_index limit $1 for update skip locked
)
delete from owners_to_index o using due
where o.tenant_id = due.tenant_id and o.owner_key = due.owner_key
returning o.tenant_id, o.owner_key

-- name: note_old
-- The worker's: whoever has messages that have waited for long, however few.
insert into owners_to_index (tenant_id, owner_key)
select distinct tenant_id, owner_key from unindexed_messages where message_id < $1
on conflict do nothing

-- name: put_back
-- Says again that an owner has enough for a block.
insert into owners_to_index (tenant_id, owner_key) values ($1, $2) on conflict do nothing

-- name: count_unindexed
-- The worker's.
select count(*) as messages from unindexed_messages

-- name: take_block
-- The oldest messages that nobody else indexes now, locked until their words are written.
with due as materialized (
    select message_id from unindexed_messages where tenant_id = $1 and owner_key = $2
    order by message_id limit 64 for update skip locked
)
select d.message_id, m.conversation_id, array_to_string(m.parts, e'\n') as text
from due d left join messages m on m.tenant_id = $1 and m.message_id = d.message_id
order by d.message_id

-- name: write_block
with made as (
    insert into word_blocks (tenant_id, owner_key, message_ids, conversation_ids) values ($1, $2, $3, $4) returning block
), worded as (
    insert into block_words (tenant_id, owner_key, word, block, hits)
    select $1, $2, w.word, made.block, w.hits from made, unnest($5::text[], $6::bigint[]) as w (word, hits)
)
select block from made

-- name: forget_unindexed
delete from unindexed_messages where tenant_id = $1 and owner_key = $2 and message_id = any($3::uuid[])

-- name: list_owners
-- Everybody for those who see all rows of the tenant; else the one.
select owner_key($2) as owner_key where $2::text is not null
union
select distinct owner_key from word_blocks where tenant_id = $1 and $2::text is null

-- name: find_hits
-- Blocks in which every word occurs, with the messages that have all of them, newest first; how many have each word, and
-- how many messages there are.
with wanted as materialized (
    select w.word, w.beyond, w.place from unnest($3::text[], $4::text[]) with ordinality as w (word, beyond, place)
), found as materialized (
    select w.place, b.owner_key, b.block, bit_or(b.hits) as hits
    from wanted w
    -- Looked up word by word, also before anybody has counted the rows.
    cross join lateral (
        select owner_key, block, hits from block_words
        where tenant_id = $1 and owner_key = any($2::bigint[])
            and word >= w.word collate "C" and word < w.beyond collate "C"
        offset 0
    ) b
    group by w.place, b.owner_key, b.block
), together as (
    select owner_key, block, bit_and(hits) as hits from found
    group by owner_key, block having count(*) = cardinality($3::text[]) and bit_and(hits) <> 0
)
select t.owner_key, t.block, t.hits,
    (select array_agg(f.messages order by f.place)
        from (select place, sum(bit_count(hits::bit(64)))::bigint as messages from found group by place) f) as frequencies,
    (select count(*) * 64 from word_blocks b where b.tenant_id = $1 and b.owner_key = any($2::bigint[])) as messages
from together t
where $5::uuid is null or exists (
    select from word_blocks b
    where b.tenant_id = $1 and b.owner_key = t.owner_key and b.block = t.block and $5 = any(b.conversation_ids)
)
order by t.block desc, t.owner_key

-- name: read_heads
-- The messages of these bits as far as they can be found, newest first.
select h.block, p.place, m.message_id, m.conversation_id, c.title, m.role, m.create_time
from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as h (owner_key, block, hits)
join word_blocks b on b.tenant_id = $1 and b.owner_key = h.owner_key and b.block = h.block
cross join lateral unnest(b.message_ids) with ordinality as p (message_id, place)
-- One by one by their keys, whatever the planner thinks of how many there are.
cross join lateral (select * from messages m where m.tenant_id = $1 and m.message_id = p.message_id offset 0) m
join conversations c on c.tenant_id = $1 and c.conversation_id = m.conversation_id and c.status <> 'deleted'
where (h.hits >> (p.place - 1)::integer) & 1 = 1
    and ($5::uuid is null or m.conversation_id = $5) and m.create_time <= $6 and ($7::text is null or m.owner_sub = $7)
order by h.block desc, p.place desc

-- name: read_unindexed
-- The newest messages that have no words yet, with their texts.
select m.message_id, m.conversation_id, c.title, m.role, m.create_time, array_to_string(m.parts, e'\n') as text
from (
    select u.message_id from unindexed_messages u
    where u.tenant_id = $1 and ($2::text is null or u.owner_key = owner_key($2))
    order by u.message_id desc limit $3
) u
cross join lateral (select * from messages m where m.tenant_id = $1 and m.message_id = u.message_id offset 0) m
join conversations c on c.tenant_id = $1 and c.conversation_id = m.conversation_id and c.status <> 'deleted'
where ($2::text is null or m.owner_sub = $2) and ($4::uuid is null or m.conversation_id = $4) and m.create_time <= $5
order by m.message_id desc

-- name: read_texts
select message_id, left(array_to_string(parts, e'\n'), $4) as text from messages
where tenant_id = $1 and message_id = any($2::uuid[]) and ($3::text is null or owner_sub = $3)
