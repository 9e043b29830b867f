-- Words of messages, titles, and conversations that come from elsewhere.

-- Which kinds there are is known to the program, which refuses others as letters.
alter table intents drop constraint intents_kind_check;
alter table intents add constraint intents_kind_check check (kind ~ '^[a-z_]{1,40}$');

-- What was said elsewhere: its usage is shown, and was never billed here.
alter table messages add column imported boolean not null default false;

-- Whose words they are, in eight bytes, because it stands in every row of words.
create function owner_key(p_owner text) returns bigint
language sql immutable strict parallel safe
return ('x' || encode(substr(sha256(convert_to(p_owner, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint;

-- Messages whose words are not indexed yet: a search reads them. They are indexed by the block, so most people have a few.
create table unindexed_messages (
    tenant_id uuid not null,
    owner_key bigint not null,
    message_id uuid not null,
    size_bytes integer not null,
    primary key (tenant_id, owner_key, message_id) include (size_bytes)
);

-- Who has enough of them for a block.
create table owners_to_index (
    tenant_id uuid not null,
    owner_key bigint not null,
    primary key (tenant_id, owner_key)
);

-- Up to 64 messages of one owner, each with its bit; the higher a block, the newer. What was deleted keeps its id and place.
create table word_blocks (
    tenant_id uuid not null,
    owner_key bigint not null,
    block bigint generated always as identity,
    message_ids uuid[] not null check (cardinality(message_ids) between 1 and 64),
    -- each once, to skip blocks by
    conversation_ids uuid[] not null,
    primary key (tenant_id, owner_key, block)
);

-- Which messages of a block have a word. Only equality and order of built-in types are asked of it: an operator that is not
-- leakproof, like @@ on a GIN index, would not be used as an index under row-level security.
create table block_words (
    tenant_id uuid not null,
    owner_key bigint not null,
    word text collate "C" not null,
    block bigint not null,
    hits bigint not null,
    -- with the hits, so that a word is read from neighbouring places of the index and not from a page for each block
    primary key (tenant_id, owner_key, word, block) include (hits)
);
-- Of blocks alone, so that no plan for a word can mistake it for the key.
create index block_words_of_block on block_words (block);

-- Notes a new message, and now and then looks whether its owner has enough for a block.
create function note_message() returns trigger
language plpgsql as $$
declare
    v_owner bigint := owner_key(new.owner_sub);
begin
    insert into unindexed_messages (tenant_id, owner_key, message_id, size_bytes)
    values (new.tenant_id, v_owner, new.message_id, pg_column_size(new.parts));
    if get_byte(uuid_send(new.message_id), 15) % 8 = 0 and (
        select count(*) >= 64 or sum(u.size_bytes) >= 262144 from unindexed_messages u
        where u.tenant_id = new.tenant_id and u.owner_key = v_owner
    ) then
        insert into owners_to_index (tenant_id, owner_key) values (new.tenant_id, v_owner) on conflict do nothing;
    end if;
    return null;
end
$$;
create trigger note_message after insert on messages for each row execute function note_message();

-- Takes the words of messages away; a word that only they had is gone.
create function forget_words(p_tenant uuid, p_owner bigint, p_messages uuid[]) returns void
language plpgsql as $$
declare
    v_waiting integer;
    v_place record;
begin
    delete from unindexed_messages u
    where u.tenant_id = p_tenant and u.owner_key = p_owner and u.message_id = any(p_messages);
    get diagnostics v_waiting = row_count;
    if v_waiting = cardinality(p_messages) then
        return;
    end if;
    for v_place in
        select b.block, bit_or(1::bigint << (m.place - 1)::integer) as bits
        from word_blocks b cross join lateral unnest(b.message_ids) with ordinality as m (message_id, place)
        join unnest(p_messages) as g (message_id) on g.message_id = m.message_id
        where b.tenant_id = p_tenant and b.owner_key = p_owner
        group by b.block order by b.block
    loop
        delete from block_words w
        where w.tenant_id = p_tenant and w.owner_key = p_owner and w.block = v_place.block and w.hits & ~v_place.bits = 0;
        update block_words w set hits = w.hits & ~v_place.bits
        where w.tenant_id = p_tenant and w.owner_key = p_owner and w.block = v_place.block and w.hits & v_place.bits <> 0;
        -- what only they and those had who went at the same moment
        delete from block_words w
        where w.tenant_id = p_tenant and w.owner_key = p_owner and w.block = v_place.block and w.hits = 0;
    end loop;
end
$$;

create function forget_messages() returns trigger
language plpgsql as $$
begin
    perform forget_words(g.tenant_id, owner_key(g.owner_sub), array_agg(g.message_id)) from gone g
    group by g.tenant_id, g.owner_sub;
    return null;
end
$$;
create trigger forget_messages after delete on messages referencing old table as gone
for each statement execute function forget_messages();

-- What was said before there were words.
insert into unindexed_messages (tenant_id, owner_key, message_id, size_bytes)
select tenant_id, owner_key(owner_sub), message_id, pg_column_size(parts) from messages;
insert into owners_to_index (tenant_id, owner_key)
select tenant_id, owner_key from unindexed_messages
group by tenant_id, owner_key having count(*) >= 64 or sum(size_bytes) >= 262144;

alter table unindexed_messages enable row level security;
alter table unindexed_messages force row level security;
create policy of_tenant on unindexed_messages using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table owners_to_index enable row level security;
alter table owners_to_index force row level security;
create policy of_tenant on owners_to_index using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table word_blocks enable row level security;
alter table word_blocks force row level security;
create policy of_tenant on word_blocks using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table block_words enable row level security;
alter table block_words force row level security;
create policy of_tenant on block_words using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on unindexed_messages, owners_to_index, word_blocks, block_words to :app;

-- who has something to index, and which conversations moved
grant select, insert, update, delete on owners_to_index to :worker;
grant select on unindexed_messages to :worker;
grant select (tenant_id, conversation_id, version, status) on conversations to :worker;
