-- Erasures of persons: which, how far they are, what became of each store; and what was begun before is not learned after.

create table erasures (
    tenant_id uuid not null,
    erasure_id uuid not null,
    -- the name, while the erasure runs
    sub text,
    -- SHA-256 of the salt and the name, and the salt, for a month: who asks again is known, and what comes late is refused
    subject_hash bytea,
    salt bytea,
    start_time timestamptz not null,
    end_time timestamptz,
    primary key (tenant_id, erasure_id),
    check (sub is null or end_time is null)
);
create index erasures_of_tenant on erasures (tenant_id, start_time) where subject_hash is not null;

create table erased_stores (
    tenant_id uuid not null,
    erasure_id uuid not null,
    house text not null,
    store text not null,
    -- a soma.common.v1.ErasureState
    state smallint not null,
    erased_count bigint not null,
    found_count bigint not null,
    sentence text not null,
    due_time timestamptz,
    primary key (tenant_id, erasure_id, house, store),
    foreign key (tenant_id, erasure_id) references erasures (tenant_id, erasure_id) on delete cascade
);

alter table erasures enable row level security;
alter table erasures force row level security;
create policy of_tenant on erasures using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table erased_stores enable row level security;
alter table erased_stores force row level security;
create policy of_tenant on erased_stores using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update on erasures, erased_stores to :app;
grant delete on memory_origins, memory_versions to :app;
grant update (change_sub) on memory_versions to :app;

-- Whether a person was erased after this began; what is said later, by whoever has the name then, is no matter of that.
create function was_erased(p_tenant uuid, p_person text, p_begin timestamptz) returns boolean
language sql stable as $$
    select exists (
        select from erasures e
        where e.tenant_id = p_tenant and e.subject_hash is not null and p_begin < e.start_time
            and e.subject_hash = sha256(e.salt || convert_to(p_person, 'UTF8'))
    )
$$;

-- Whether something may still be learned from these sources, by this person. Holds both until the end of the transaction,
-- so that whoever forgets one of them sees what is stored now, or is seen here.
create or replace function admit_sources(p_tenant uuid, p_sources text[], p_owner text, p_turn_time timestamptz) returns boolean
language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(source_lock(p_tenant, 'person/' || p_owner));
    perform pg_advisory_xact_lock_shared(source_lock(p_tenant, given.source)) from unnest(p_sources) as given (source);
    return not exists (
        select from forgotten_sources f
        where f.tenant_id = p_tenant and f.source = any(p_sources) and f.owner_sub in ('', p_owner)
            and (f.ended or p_turn_time < f.forget_time)
    ) and not was_erased(p_tenant, p_owner, p_turn_time);
end
$$;

-- Begins an erasure, once; waits for those who are storing for the person. Forgets whom those of a month ago were for.
create function begin_erasure(p_tenant uuid, p_erasure uuid, p_sub text, p_salt bytea, p_now timestamptz) returns boolean
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(source_lock(p_tenant, 'person/' || p_sub));
    update erasures e set subject_hash = null, salt = null
    where e.tenant_id = p_tenant and e.subject_hash is not null and e.end_time < p_now - interval '30 days';
    insert into erasures (tenant_id, erasure_id, sub, subject_hash, salt, start_time)
    values (p_tenant, p_erasure, p_sub, sha256(p_salt || convert_to(p_sub, 'UTF8')), p_salt, p_now)
    on conflict do nothing;
    return found;
end
$$;

-- Gives a memory of somebody else its last words that the person did not write, and forgets those that it did.
create function take_back_words(p_tenant uuid, p_memory uuid) returns void
language plpgsql as $$
declare
    v_current boolean;
    v_before memory_versions%rowtype;
begin
    select person_in(v.change_sub) into v_current from memory_versions v
    where v.tenant_id = p_tenant and v.memory_id = p_memory order by v.version desc limit 1;
    if v_current then
        select v.* into v_before from memory_versions v
        where v.tenant_id = p_tenant and v.memory_id = p_memory and not coalesce((
            select person_in(w.change_sub) from memory_versions w
            where w.tenant_id = p_tenant and w.memory_id = p_memory and w.version < v.version order by w.version desc limit 1
        ), false)
        order by v.version desc limit 1;
        update memories m
        set text = v_before.text, payload = v_before.payload, subject = v_before.subject, speaker = v_before.speaker,
            tags = v_before.tags, token_count = v_before.token_count, coordinate = v_before.coordinate,
            -- the same text told again becomes another memory: what its hash is, only the program knows
            text_key = sha256(uuid_send(m.memory_id) || uuid_send(gen_random_uuid())), version = m.version + 1
        where m.tenant_id = p_tenant and m.memory_id = p_memory;
        -- Whoever reads it next indexes it anew.
        delete from memory_entries e where e.tenant_id = p_tenant and e.memory_id = p_memory;
        delete from memory_vectors e where e.tenant_id = p_tenant and e.memory_id = p_memory;
        delete from memory_terms e where e.tenant_id = p_tenant and e.memory_id = p_memory;
    end if;
    delete from memory_versions v
    where v.tenant_id = p_tenant and v.memory_id = p_memory and coalesce((
        select person_in(w.change_sub) from memory_versions w
        where w.tenant_id = p_tenant and w.memory_id = p_memory and w.version < v.version order by w.version desc limit 1
    ), false);
    update memory_versions v set change_sub = person_out(v.change_sub)
    where v.tenant_id = p_tenant and v.memory_id = p_memory and person_in(v.change_sub);
end
$$;

-- Deletes memories, which are still to be told of; their index rows go with them.
create function delete_memories(p_tenant uuid, p_memories uuid[]) returns void
language sql
set plan_cache_mode = force_custom_plan as $$
    with lost as (
        delete from memories m where m.tenant_id = p_tenant and m.memory_id = any(p_memories)
        returning m.memory_id, m.namespace, m.version, m.term_count
    ),
    told as (
        insert into lost_memories (tenant_id, memory_id, namespace, version)
        select p_tenant, memory_id, namespace, version from lost
        on conflict do nothing
    )
    update namespace_sizes n set memories = n.memories - l.memories, terms = n.terms - l.terms
    from (select namespace, count(*) as memories, sum(term_count) as terms from lost group by namespace) l
    where n.tenant_id = p_tenant and n.namespace = l.namespace
$$;

-- Erases a person's memories and whatever was made of them; what others told as well stays theirs. Answers how many rows.
create function erase_memories(p_tenant uuid) returns bigint
language plpgsql
set plan_cache_mode = force_custom_plan as $$
declare
    v_theirs uuid[];
    v_gone uuid[];
    v_rows bigint := 0;
    v_more bigint;
    v_memory uuid;
begin
    -- A statement of its own: these go with their memories too, and no row can go twice in one statement.
    delete from memory_imports i where i.tenant_id = p_tenant and person_in(i.owner_sub);
    get diagnostics v_rows = row_count;
    delete from memory_sources s where s.tenant_id = p_tenant and (person_in(s.owner_sub) or person_in(s.speaker));
    get diagnostics v_more = row_count;
    v_rows := v_rows + v_more;
    for v_memory in
        select distinct v.memory_id from memory_versions v where v.tenant_id = p_tenant and person_in(v.change_sub)
    loop
        perform take_back_words(p_tenant, v_memory);
        v_rows := v_rows + 1;
    end loop;
    select coalesce(array_agg(m.memory_id), '{}') into v_theirs from memories m
    where m.tenant_id = p_tenant and (
        person_in(m.namespace) or person_in(m.subject) or person_in(m.speaker)
        or (person_in(m.owner_sub) and not exists (
            select from memory_sources s where s.tenant_id = p_tenant and s.memory_id = m.memory_id
        ))
    );
    with recursive made as (
        select unnest(v_theirs) as memory_id
        union
        select o.memory_id from made g join memory_origins o on o.tenant_id = p_tenant and o.origin_id = g.memory_id
    )
    select coalesce(array_agg(memory_id), '{}') into v_gone from made;
    -- The person's own first: with them go the facts that were consolidated from them, and what rested for these is back.
    perform delete_memories(p_tenant, v_theirs);
    perform delete_memories(p_tenant, v_gone);
    delete from memory_origins o where o.tenant_id = p_tenant and o.origin_id = any(v_gone);
    v_rows := v_rows + cardinality(v_gone);
    update memories m set superseded_by = null where m.tenant_id = p_tenant and m.superseded_by = any(v_gone);
    with heir as (
        select distinct on (s.memory_id) s.* from memory_sources s join memories m
            on m.tenant_id = s.tenant_id and m.memory_id = s.memory_id
        where s.tenant_id = p_tenant and person_in(m.owner_sub)
        order by s.memory_id, s.learn_time, s.owner_sub, s.source_id
    ),
    moved as (
        update memories m
        set owner_sub = h.owner_sub, speaker = h.speaker, source_class = h.source_class, source_id = h.source_id,
            conversation_id = h.conversation_id, turn_id = h.turn_id, payload = null, tags = '{}', version = m.version + 1
        from heir h where m.tenant_id = p_tenant and m.memory_id = h.memory_id
        returning h.memory_id, h.owner_sub, h.source_id, h.conversation_id
    )
    delete from memory_sources s using moved h
    where s.tenant_id = p_tenant and s.memory_id = h.memory_id and s.owner_sub = h.owner_sub and s.source_id = h.source_id
        and s.conversation_id is not distinct from h.conversation_id;
    get diagnostics v_more = row_count;
    v_rows := v_rows + v_more;
    delete from memory_changes c where c.tenant_id = p_tenant and person_in(c.namespace);
    delete from namespace_sizes n where n.tenant_id = p_tenant and person_in(n.namespace);
    return v_rows;
end
$$;
