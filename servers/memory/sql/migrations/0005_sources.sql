-- What was learned from a source can be forgotten, and does not come back afterwards.

-- Who else told what was remembered already. The first source stands in the memory itself, every further one here.
create table memory_sources (
    tenant_id uuid not null,
    memory_id uuid not null,
    owner_sub text not null,
    speaker text not null,
    source_class smallint not null,
    source_id text not null,
    conversation_id uuid,
    turn_id uuid,
    learn_time timestamptz not null,
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);
create unique index memory_sources_of_memory on memory_sources (memory_id, tenant_id, owner_sub, source_id, conversation_id)
nulls not distinct;
create index memory_sources_of_conversation on memory_sources (conversation_id, tenant_id) where conversation_id is not null;
create index memory_sources_of_source on memory_sources (source_id, tenant_id) where source_id <> '';
create index memories_of_conversation on memories (conversation_id, tenant_id) where conversation_id is not null;

-- Sources that were forgotten: what was learned from them before, and arrives late, is refused.
create table forgotten_sources (
    tenant_id uuid not null,
    -- conversation/<uuid> or source/<id>
    source text not null,
    -- whose memories; empty for everybody's
    owner_sub text not null,
    -- whether nothing new is learned from it either
    ended boolean not null,
    forget_time timestamptz not null,
    -- the request that forgets, or did last, and what it has done so far
    request_id uuid not null,
    forgotten_count integer not null default 0,
    kept_count integer not null default 0,
    primary key (source, tenant_id, owner_sub)
);

alter table memory_sources enable row level security;
alter table memory_sources force row level security;
create policy of_tenant on memory_sources using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table forgotten_sources enable row level security;
alter table forgotten_sources force row level security;
create policy of_tenant on forgotten_sources using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update, delete on memory_sources, forgotten_sources to :app;

create function source_lock(p_tenant uuid, p_source text) returns bigint
language sql immutable parallel safe
return hashtextextended('soma.memory.source/' || p_tenant::text || '/' || p_source, 0);

-- Whether something may still be learned from these sources. Holds them until the end of the transaction, so that whoever
-- forgets one of them sees what is stored now, or is seen here.
create function admit_sources(p_tenant uuid, p_sources text[], p_owner text, p_turn_time timestamptz) returns boolean
language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(source_lock(p_tenant, given.source)) from unnest(p_sources) as given (source);
    return not exists (
        select from forgotten_sources f
        where f.tenant_id = p_tenant and f.source = any(p_sources) and f.owner_sub in ('', p_owner)
            and (f.ended or p_turn_time < f.forget_time)
    );
end
$$;

-- Says that a source is forgotten; waits for those who are storing from it. A repeat of a request goes on counting.
create function begin_forgetting(
    p_tenant uuid, p_source text, p_owner text, p_ended boolean, p_now timestamptz, p_request uuid
) returns void
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(source_lock(p_tenant, p_source));
    insert into forgotten_sources as f (tenant_id, source, owner_sub, ended, forget_time, request_id)
    values (p_tenant, p_source, p_owner, p_ended, p_now, p_request)
    on conflict (source, tenant_id, owner_sub) do update
    set ended = f.ended or excluded.ended, forget_time = greatest(f.forget_time, excluded.forget_time),
        request_id = excluded.request_id,
        forgotten_count = case when f.request_id = excluded.request_id then f.forgotten_count else 0 end,
        kept_count = case when f.request_id = excluded.request_id then f.kept_count else 0 end;
end
$$;

-- Takes a source from some memories. One that has no other is deleted with its vector and its words; another goes on with
-- the oldest of the rest.
create function forget_some(p_tenant uuid, p_conversation uuid, p_source_id text, p_owner text, p_limit integer)
returns table (memory_id uuid, namespace text, version integer, gone boolean)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    v_memories uuid[];
begin
    loop
        select array_agg(picked.memory_id) into v_memories
        from (
            select m.memory_id from memories m
            where m.tenant_id = p_tenant and (p_conversation is null or m.conversation_id = p_conversation)
                and (p_source_id is null or m.source_id = p_source_id) and (p_owner = '' or m.owner_sub = p_owner)
            union
            select s.memory_id from memory_sources s
            where s.tenant_id = p_tenant and (p_conversation is null or s.conversation_id = p_conversation)
                and (p_source_id is null or s.source_id = p_source_id) and (p_owner = '' or s.owner_sub = p_owner)
            order by memory_id limit p_limit
        ) picked;
        if v_memories is null then
            return;
        end if;
        -- Who tells one of them again waits from here on, or has written its source already.
        perform from memories m
        where m.tenant_id = p_tenant and m.memory_id = any(v_memories) order by m.memory_id for update;
        -- Somebody may have deleted all of them meanwhile.
        exit when found;
    end loop;
    delete from memory_sources s
    where s.tenant_id = p_tenant and s.memory_id = any(v_memories)
        and (p_conversation is null or s.conversation_id = p_conversation)
        and (p_source_id is null or s.source_id = p_source_id) and (p_owner = '' or s.owner_sub = p_owner);
    return query
    with lost as (
        delete from memories m
        where m.tenant_id = p_tenant and m.memory_id = any(v_memories)
            and (p_conversation is null or m.conversation_id = p_conversation)
            and (p_source_id is null or m.source_id = p_source_id) and (p_owner = '' or m.owner_sub = p_owner)
            and not exists (select from memory_sources s where s.tenant_id = p_tenant and s.memory_id = m.memory_id)
        returning m.memory_id, m.namespace, m.version, m.term_count
    ),
    shrunk as (
        update namespace_sizes n set memories = n.memories - l.memories, terms = n.terms - l.terms
        from (select namespace, count(*) as memories, sum(term_count) as terms from lost group by namespace) l
        where n.tenant_id = p_tenant and n.namespace = l.namespace
    )
    select lost.memory_id, lost.namespace, lost.version, true from lost;
    with heir as (
        select distinct on (s.memory_id) s.* from memory_sources s
        where s.tenant_id = p_tenant and s.memory_id = any(v_memories)
        order by s.memory_id, s.learn_time, s.owner_sub, s.source_id
    ),
    moved as (
        update memories m
        set owner_sub = h.owner_sub, speaker = h.speaker, source_class = h.source_class, source_id = h.source_id,
            conversation_id = h.conversation_id, turn_id = h.turn_id
        from heir h
        where m.tenant_id = p_tenant and m.memory_id = h.memory_id
            and (p_conversation is null or m.conversation_id = p_conversation)
            and (p_source_id is null or m.source_id = p_source_id) and (p_owner = '' or m.owner_sub = p_owner)
        returning h.memory_id, h.owner_sub, h.source_id, h.conversation_id
    )
    delete from memory_sources s using moved h
    where s.tenant_id = p_tenant and s.memory_id = h.memory_id and s.owner_sub = h.owner_sub and s.source_id = h.source_id
        and s.conversation_id is not distinct from h.conversation_id;
    return query
    update memories m set version = m.version + 1
    where m.tenant_id = p_tenant and m.memory_id = any(v_memories)
    returning m.memory_id, m.namespace, m.version, false;
end
$$;
