-- A source is hidden with everything that was made of it, and comes back as it was.
--
-- What is hidden follows from the quarantines that are open and from nothing else: a memory that one of them names; one of
-- which every telling comes from a conversation or source that one of them names (so it stays while anybody else told it);
-- and whatever was made of one that is hidden. So it does not matter in which order they are opened and lifted.
-- `settle_quarantines` works that out for some memories and what was made of them; triggers call it when a memory comes or
-- loses a source, so that what is stored late joins, whoever stores it.

create table quarantines (
    tenant_id uuid not null,
    quarantine_id uuid not null,
    -- what was named: one of these
    memory_id uuid,
    conversation_id uuid,
    source_id text,
    reason text not null,
    owner_sub text not null,
    start_time timestamptz not null,
    end_time timestamptz,
    -- how many memories it hid when it was lifted
    memory_count integer not null default 0,
    primary key (tenant_id, quarantine_id),
    check (num_nonnulls(memory_id, conversation_id, source_id) = 1)
);
create index quarantines_open on quarantines (tenant_id, quarantine_id) where end_time is null;

-- Which open quarantine hides which memory; `memories.hidden_by` counts them.
create table quarantine_members (
    tenant_id uuid not null,
    memory_id uuid not null,
    quarantine_id uuid not null,
    primary key (memory_id, tenant_id, quarantine_id),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);
create index quarantine_members_of_quarantine on quarantine_members (quarantine_id, tenant_id);

-- What a deleted memory was told by, while something that was made of it is there. Ids and hashes only.
create table memory_ghosts (
    tenant_id uuid not null,
    memory_id uuid not null,
    conversation_id uuid,
    source_key bigint
);
create index memory_ghosts_of_memory on memory_ghosts (memory_id, tenant_id);
create index memory_ghosts_of_conversation on memory_ghosts (conversation_id, tenant_id) where conversation_id is not null;
create index memory_ghosts_of_source on memory_ghosts (source_key, tenant_id) where source_key is not null;

-- Which turn's recall used which memory. Rows outlive their memory, as a turn does, and go after 400 days.
create table memory_uses (
    tenant_id uuid not null,
    memory_id uuid not null,
    turn_id uuid not null,
    use_time timestamptz not null,
    primary key (memory_id, tenant_id, turn_id)
);
-- Rows come in the order of their times: this costs next to nothing, and finds what is old.
create index memory_uses_by_time on memory_uses using brin (use_time);

alter table quarantines enable row level security;
alter table quarantines force row level security;
create policy of_tenant on quarantines using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table quarantine_members enable row level security;
alter table quarantine_members force row level security;
create policy of_tenant on quarantine_members using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table memory_ghosts enable row level security;
alter table memory_ghosts force row level security;
create policy of_tenant on memory_ghosts using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table memory_uses enable row level security;
alter table memory_uses force row level security;
create policy of_tenant on memory_uses using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update, delete on quarantines, quarantine_members, memory_ghosts, memory_uses to :app;
grant select, delete on memory_uses to :worker;

-- One number for a source id, also where the id itself shall not be kept.
create function source_key(p_tenant uuid, p_source_id text) returns bigint
language sql immutable parallel safe
return case when p_source_id <> '' then source_lock(p_tenant, 'source/' || p_source_id) end;

create function quarantine_lock(p_tenant uuid) returns bigint
language sql immutable parallel safe
return source_lock(p_tenant, 'quarantines');

create function has_quarantines(p_tenant uuid) returns boolean
language sql stable
as $$ select exists (select from quarantines q where q.tenant_id = p_tenant and q.end_time is null) $$;

-- Whoever changes memories keeps quarantines from being opened or lifted until the end of the transaction, or waits for who
-- does that: each sees all of the other.
create function meet_quarantines() returns trigger
language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(quarantine_lock(nullif(current_setting('soma.tenant_id', true), '')::uuid));
    return null;
end
$$;
create trigger quarantines_wait before insert or update or delete on memories
for each statement execute function meet_quarantines();

-- Works out anew what is hidden of some memories and of everything that was made of them.
create function settle_quarantines(p_tenant uuid, p_memories uuid[]) returns void
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    v_scope uuid[];
    v_line uuid[];
begin
    with recursive below as (
        select unnest(p_memories) as memory_id
        union
        select o.memory_id from below b join memory_origins o on o.tenant_id = p_tenant and o.origin_id = b.memory_id
    )
    select array_agg(memory_id) into v_scope from below;
    -- and what those were made of, back to the beginning
    with recursive above as (
        select unnest(v_scope) as memory_id
        union
        select o.origin_id from above a join memory_origins o on o.tenant_id = p_tenant and o.memory_id = a.memory_id
    )
    select array_agg(memory_id) into v_line from above;

    with recursive opened as materialized (
        select q.quarantine_id, q.memory_id, q.conversation_id, source_key(p_tenant, q.source_id) as source_key
        from quarantines q
        where q.tenant_id = p_tenant and q.end_time is null
    ),
    telling as (
        select m.memory_id, m.conversation_id, source_key(p_tenant, m.source_id) as source_key
        from memories m where m.tenant_id = p_tenant and m.memory_id = any(v_line)
        union all
        select s.memory_id, s.conversation_id, source_key(p_tenant, s.source_id)
        from memory_sources s where s.tenant_id = p_tenant and s.memory_id = any(v_line)
        union all
        select g.memory_id, g.conversation_id, g.source_key
        from memory_ghosts g where g.tenant_id = p_tenant and g.memory_id = any(v_line)
    ),
    covered as materialized (
        select t.memory_id, q.quarantine_id
        from telling t
        left join opened q on q.conversation_id = t.conversation_id or q.source_key = t.source_key
    ),
    hiding as (
        select q.memory_id, q.quarantine_id from opened q where q.memory_id = any(v_line)
        union
        select c.memory_id, c.quarantine_id from covered c
        where c.memory_id not in (select clean.memory_id from covered clean where clean.quarantine_id is null)
        union
        select o.memory_id, h.quarantine_id
        from hiding h
        join memory_origins o on o.tenant_id = p_tenant and o.origin_id = h.memory_id
        where o.memory_id = any(v_line)
    ),
    held as (
        select h.memory_id, h.quarantine_id
        from hiding h
        join memories m on m.tenant_id = p_tenant and m.memory_id = h.memory_id
        where h.memory_id = any(v_scope)
    ),
    gone as (
        delete from quarantine_members m
        where m.tenant_id = p_tenant and m.memory_id = any(v_scope)
            and (m.memory_id, m.quarantine_id) not in (select h.memory_id, h.quarantine_id from held h)
    ),
    come as (
        insert into quarantine_members (tenant_id, memory_id, quarantine_id)
        select p_tenant, h.memory_id, h.quarantine_id from held h
        on conflict do nothing
    )
    update memories m set hidden_by = hidden.amount
    from (
        select s.memory_id, count(h.quarantine_id) as amount
        from unnest(v_scope) as s (memory_id)
        left join held h on h.memory_id = s.memory_id
        group by s.memory_id
    ) hidden
    where m.tenant_id = p_tenant and m.memory_id = hidden.memory_id and m.hidden_by <> hidden.amount;
end
$$;

-- The memories that a conversation or a source told, and what is left of deleted ones.
create function told_by(p_tenant uuid, p_conversation uuid, p_source_id text) returns uuid[]
language sql stable
set plan_cache_mode = force_custom_plan as $$
    select array_agg(told.memory_id order by told.memory_id)
    from (
        select m.memory_id from memories m where m.tenant_id = p_tenant and m.conversation_id = p_conversation
        union
        select m.memory_id from memories m where m.tenant_id = p_tenant and m.source_id = p_source_id
        union
        select s.memory_id from memory_sources s where s.tenant_id = p_tenant and s.conversation_id = p_conversation
        union
        select s.memory_id from memory_sources s where s.tenant_id = p_tenant and s.source_id = p_source_id
        union
        select g.memory_id from memory_ghosts g where g.tenant_id = p_tenant and g.conversation_id = p_conversation
        union
        select g.memory_id from memory_ghosts g
        where g.tenant_id = p_tenant and g.source_key = source_key(p_tenant, p_source_id)
    ) told
$$;

create function open_quarantine(
    p_tenant uuid, p_quarantine uuid, p_memory uuid, p_conversation uuid, p_source_id text, p_reason text, p_owner text,
    p_now timestamptz
) returns void
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(quarantine_lock(p_tenant));
    insert into quarantines (tenant_id, quarantine_id, memory_id, conversation_id, source_id, reason, owner_sub, start_time)
    values (p_tenant, p_quarantine, p_memory, p_conversation, p_source_id, p_reason, p_owner, p_now);
    perform settle_quarantines(p_tenant, array_remove(told_by(p_tenant, p_conversation, p_source_id) || p_memory, null));
end
$$;

-- Answers how many memories are seen again; null where there is no such quarantine.
create function lift_quarantine(p_tenant uuid, p_quarantine uuid, p_now timestamptz) returns integer
language plpgsql as $$
declare
    v_members uuid[];
    v_restored integer;
begin
    perform pg_advisory_xact_lock(quarantine_lock(p_tenant));
    select coalesce(array_agg(m.memory_id), '{}') into v_members
    from quarantine_members m where m.tenant_id = p_tenant and m.quarantine_id = p_quarantine;
    update quarantines q set end_time = p_now, memory_count = cardinality(v_members)
    where q.tenant_id = p_tenant and q.quarantine_id = p_quarantine and q.end_time is null;
    if not found then
        return (select 0 from quarantines q where q.tenant_id = p_tenant and q.quarantine_id = p_quarantine);
    end if;
    perform settle_quarantines(p_tenant, v_members);
    select count(*) into v_restored
    from memories m where m.tenant_id = p_tenant and m.memory_id = any(v_members) and m.hidden_by = 0;
    return v_restored;
end
$$;

-- What is stored from a hidden source, or was made of what is hidden, is hidden as well.
create function join_quarantines() returns trigger
language plpgsql as $$
declare
    v_tenant uuid;
begin
    for v_tenant in select distinct tenant_id from stored loop
        if has_quarantines(v_tenant) then
            perform settle_quarantines(v_tenant, array(select memory_id from stored where tenant_id = v_tenant));
        end if;
    end loop;
    return null;
end
$$;
-- after `made_of`, by its name: only then is known what a memory was made of
create trigger quarantines_take after insert on memories
referencing new table as stored for each statement execute function join_quarantines();

-- A memory that loses a clean source may have only hidden ones left. Where its first source goes, a further one takes its
-- place and leaves `memory_sources` for it.
create function lose_source() returns trigger
language plpgsql as $$
begin
    if has_quarantines(old.tenant_id) then
        perform settle_quarantines(old.tenant_id, array[old.memory_id]);
    end if;
    return null;
end
$$;
create trigger source_goes after delete on memory_sources
for each row execute function lose_source();

-- What was made of a deleted memory stays what was made of its sources.
create function leave_ghost() returns trigger
language plpgsql as $$
begin
    if exists (select from memory_origins o where o.tenant_id = old.tenant_id and o.origin_id = old.memory_id) then
        insert into memory_origins (tenant_id, origin_id, memory_id)
        select old.tenant_id, above.origin_id, below.memory_id
        from memory_origins above
        cross join memory_origins below
        -- some may have been deleted by the same statement
        join memories m on m.tenant_id = old.tenant_id and m.memory_id = below.memory_id
        where above.tenant_id = old.tenant_id and above.memory_id = old.memory_id
            and below.tenant_id = old.tenant_id and below.origin_id = old.memory_id
        on conflict do nothing;
        insert into memory_ghosts (tenant_id, memory_id, conversation_id, source_key)
        select old.tenant_id, old.memory_id, old.conversation_id, source_key(old.tenant_id, old.source_id)
        union
        select s.tenant_id, s.memory_id, s.conversation_id, source_key(s.tenant_id, s.source_id)
        from memory_sources s where s.tenant_id = old.tenant_id and s.memory_id = old.memory_id;
    end if;
    -- the ghosts of which this was all that was made
    delete from memory_ghosts g using memory_origins o
    where o.tenant_id = old.tenant_id and o.memory_id = old.memory_id
        and g.tenant_id = old.tenant_id and g.memory_id = o.origin_id
        and not exists (
            select from memory_origins other
            where other.tenant_id = old.tenant_id and other.origin_id = g.memory_id and other.memory_id <> old.memory_id
        );
    -- Now, and not with the foreign key: what the same statement deletes next asks whether it is the last.
    delete from memory_origins o where o.tenant_id = old.tenant_id and o.memory_id = old.memory_id;
    return old;
end
$$;
create trigger ghost_stays before delete on memories
for each row execute function leave_ghost();
