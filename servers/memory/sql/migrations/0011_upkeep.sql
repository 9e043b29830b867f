-- What faded is swept, what says the same becomes one fact, and for 30 days both can be undone.

-- When each tenant's memories are looked after next: what expired within the hour, what faded once a day.
create table upkeep (
    tenant_id uuid primary key,
    due_time timestamptz not null,
    sweep_time timestamptz not null
);

create table sweeps (
    tenant_id uuid not null,
    sweep_id uuid not null,
    owner_sub text not null,
    min_retention double precision not null,
    -- the retire_time of all it took
    sweep_time timestamptz not null,
    undo_until timestamptz not null,
    examined integer not null default 0,
    restore_time timestamptz,
    primary key (tenant_id, sweep_id)
);
create table swept_memories (
    tenant_id uuid not null,
    sweep_id uuid not null,
    memory_id uuid not null,
    -- 1 expired, 2 faded
    reason smallint not null check (reason in (1, 2)),
    retention double precision not null,
    primary key (sweep_id, tenant_id, memory_id),
    foreign key (tenant_id, sweep_id) references sweeps (tenant_id, sweep_id) on delete cascade
);
create index swept_memories_of_sweep on swept_memories (tenant_id, sweep_id);
create index swept_memories_of_memory on swept_memories (memory_id, tenant_id);

create table consolidations (
    tenant_id uuid not null,
    consolidation_id uuid not null,
    namespace text not null,
    owner_sub text not null,
    -- 1 running, 2 committed, 3 refused, 4 rolled back
    state smallint not null check (state between 1 and 4),
    method text not null default '',
    sentence text not null default '',
    source_count integer not null default 0,
    rested_count integer not null default 0,
    coverage double precision not null default 0,
    used_tokens bigint not null default 0,
    fact_ids uuid[] not null default '{}',
    start_time timestamptz not null,
    -- the retire_time of the sources that rest, and the learn_time of the facts
    end_time timestamptz,
    undo_until timestamptz,
    primary key (tenant_id, consolidation_id)
);
-- One at a time.
create unique index consolidations_running on consolidations (tenant_id, namespace) where state = 1;
create index consolidations_newest on consolidations (tenant_id, start_time desc, consolidation_id desc);
-- The sources as they were looked at: with the rows themselves, which rest, this is the pre-image.
create table consolidation_sources (
    tenant_id uuid not null,
    consolidation_id uuid not null,
    memory_id uuid not null,
    -- of the text that was read
    text_hash bytea not null,
    rested boolean not null default false,
    primary key (consolidation_id, tenant_id, memory_id),
    foreign key (tenant_id, consolidation_id) references consolidations (tenant_id, consolidation_id) on delete cascade
);
create index consolidation_sources_of on consolidation_sources (tenant_id, consolidation_id);
create index consolidation_sources_of_memory on consolidation_sources (memory_id, tenant_id);
-- Texts of facts while a consolidation runs; gone with its end, whatever that is.
create table consolidation_proposals (
    tenant_id uuid not null,
    consolidation_id uuid not null,
    number integer not null,
    text text not null,
    source_ids uuid[] not null,
    primary key (tenant_id, consolidation_id, number),
    foreign key (tenant_id, consolidation_id) references consolidations (tenant_id, consolidation_id) on delete cascade
);
-- What went with something else, until the event of that is written in the same transaction: facts of which a source was
-- deleted, and what an erasure took.
create table lost_memories (
    tenant_id uuid not null,
    memory_id uuid not null,
    namespace text not null,
    version integer not null,
    primary key (tenant_id, memory_id)
);
create index memories_resting on memories (retire_time, tenant_id) where retire_reason in (2, 3);

do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'upkeep', 'sweeps', 'swept_memories', 'consolidations', 'consolidation_sources', 'consolidation_proposals', 'lost_memories'
    ] loop
        execute format('alter table %I enable row level security', v_table);
        execute format('alter table %I force row level security', v_table);
        execute format(
            'create policy of_tenant on %I using (tenant_id = nullif(current_setting(''soma.tenant_id'', true), '''')::uuid) '
            'with check (tenant_id = nullif(current_setting(''soma.tenant_id'', true), '''')::uuid)', v_table
        );
    end loop;
end
$$;
grant select, insert, update, delete on sweeps, swept_memories, consolidations, consolidation_sources,
    consolidation_proposals, lost_memories to :app;
grant select, update on upkeep to :app;
grant select, insert, update, delete on upkeep to :worker;
grant select (tenant_id) on namespace_sizes to :worker;

-- How much of a memory is left; the same as in domain/retention.py.
create function retention(p_kind smallint, p_importance double precision, p_age interval, p_accesses integer)
returns double precision
language sql immutable parallel safe
return p_importance
    * exp(-ln(2::double precision) * least(greatest(extract(epoch from p_age)::double precision, 0) / 86400
        / case when p_kind = 1 then 30 else 365 end, 1000))
    + 0.1 * ln(1 + p_accesses::double precision);

-- Whose sources went for good keeps nothing of them: a fact that was made of one goes too, and what else it was made of
-- comes back. It holds while the pre-image is kept, whoever deletes.
create function unravel_facts() returns trigger
language plpgsql as $$
declare
    v_tenant uuid;
    v_facts uuid[];
begin
    for v_tenant in
        select distinct s.tenant_id
        from gone g join consolidation_sources s on s.memory_id = g.memory_id and s.tenant_id = g.tenant_id
        where s.rested
    loop
        select array_agg(distinct o.memory_id) into v_facts
        from gone g
        join consolidation_sources s on s.memory_id = g.memory_id and s.tenant_id = v_tenant and s.rested
        join memory_origins o on o.origin_id = g.memory_id and o.tenant_id = v_tenant
        join consolidations c on c.tenant_id = v_tenant and c.consolidation_id = s.consolidation_id
            and c.state = 2 and o.memory_id = any(c.fact_ids)
        where g.tenant_id = v_tenant;
        continue when v_facts is null;
        update memories m set retire_time = null, retire_reason = null
        from memory_origins o, consolidation_sources s, consolidations c
        where o.memory_id = any(v_facts) and o.tenant_id = v_tenant
            and m.memory_id = o.origin_id and m.tenant_id = v_tenant
            and s.memory_id = m.memory_id and s.tenant_id = v_tenant and s.rested
            and c.consolidation_id = s.consolidation_id and c.tenant_id = v_tenant and o.memory_id = any(c.fact_ids)
            and m.retire_reason = 3 and m.retire_time = c.end_time
            -- another fact, which stays, may still stand for it
            and not exists (
                select from memory_origins other
                where other.origin_id = m.memory_id and other.tenant_id = v_tenant
                    and other.memory_id = any(c.fact_ids) and not other.memory_id = any(v_facts)
            );
        with lost as (
            delete from memories m where m.tenant_id = v_tenant and m.memory_id = any(v_facts)
            returning m.memory_id, m.namespace, m.version, m.term_count
        ),
        shrunk as (
            update namespace_sizes n set memories = n.memories - l.memories, terms = n.terms - l.terms
            from (select namespace, count(*) as memories, sum(term_count) as terms from lost group by namespace) l
            where n.tenant_id = v_tenant and n.namespace = l.namespace
        ),
        told as (
            insert into lost_memories (tenant_id, memory_id, namespace, version)
            select v_tenant, memory_id, namespace, version from lost
            on conflict do nothing
        )
        update upkeep u set due_time = least(u.due_time, now())
        where u.tenant_id = v_tenant and exists (select from lost);
    end loop;
    return null;
end
$$;
create trigger unravel after delete on memories
referencing old table as gone for each statement execute function unravel_facts();

-- Deletes for good what expired, and what rests since before the given time; index rows go with their memories.
create function purge_memories(p_tenant uuid, p_now timestamptz, p_before timestamptz, p_limit integer)
returns table (memory_id uuid, namespace text, version integer)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    return query
    with ended as materialized (
        select m.memory_id from memories m
        where m.tenant_id = p_tenant
            and (m.expire_time <= p_now or (m.retire_reason in (2, 3) and m.retire_time < p_before))
        order by m.memory_id limit p_limit for update skip locked
    ),
    lost as (
        delete from memories m using ended
        where m.tenant_id = p_tenant and m.memory_id = ended.memory_id
        returning m.memory_id, m.namespace, m.version, m.term_count
    ),
    shrunk as (
        update namespace_sizes n set memories = n.memories - l.memories, terms = n.terms - l.terms
        from (select namespace, count(*) as memories, sum(term_count) as terms from lost group by namespace) l
        where n.tenant_id = p_tenant and n.namespace = l.namespace
    )
    select lost.memory_id, lost.namespace, lost.version from lost;
end
$$;
