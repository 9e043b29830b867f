-- Typed, directed links between memories.

create table memory_links (
    tenant_id uuid not null,
    source_id uuid not null,
    target_id uuid not null,
    type text not null,
    strength double precision not null check (strength > 0 and strength <= 1),
    owner_sub text not null,
    update_time timestamptz not null,
    primary key (source_id, tenant_id, target_id, type),
    check (source_id <> target_id),
    foreign key (tenant_id, source_id) references memories (tenant_id, memory_id) on delete cascade,
    foreign key (tenant_id, target_id) references memories (tenant_id, memory_id) on delete cascade
);
-- Both ways by strength: a hub is read from its strongest link on, and only as far as wanted.
create index memory_links_out on memory_links (source_id, tenant_id, strength desc, target_id, type);
create index memory_links_in on memory_links (target_id, tenant_id, strength desc, source_id, type);

alter table memory_links enable row level security;
alter table memory_links force row level security;
create policy of_tenant on memory_links using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update, delete on memory_links to :app;

-- The strongest links that leave some memories and that lead to others, as far as the other end is in recall now and in a
-- namespace that the caller reads: `p_own` is the only one of a person that counts, null where all do. Of each memory and
-- way, the strongest `p_examined` links are looked at and the strongest `p_most` of what is left are answered, so that no
-- hub can make this run away; equally strong ones go by the other end and the type.
create function links_around(
    p_tenant uuid, p_from uuid[], p_to uuid[], p_types text[], p_own text, p_now timestamptz, p_examined integer,
    p_most integer
) returns table (source_id uuid, target_id uuid, type text, strength double precision, owner_sub text, update_time timestamptz)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    return query
    select distinct found.source_id, found.target_id, found.type, found.strength, found.owner_sub, found.update_time
    from (
        select unnest(p_from) as memory_id, true as outwards
        union all
        select unnest(p_to), false
    ) given
    cross join lateral (
        select l.*
        from (
            (select o.*, o.target_id as other_id from memory_links o
                where given.outwards and o.tenant_id = p_tenant and o.source_id = given.memory_id
                order by o.strength desc, o.target_id, o.type limit p_examined)
            union all
            (select i.*, i.source_id from memory_links i
                where not given.outwards and i.tenant_id = p_tenant and i.target_id = given.memory_id
                order by i.strength desc, i.source_id, i.type limit p_examined)
        ) l
        cross join lateral (
            select from memories m
            where m.tenant_id = p_tenant and m.memory_id = l.other_id
                and (p_own is null or m.namespace = p_own or not starts_with(m.namespace, 'user:'))
                -- what domain/standing.py says of now
                and m.hidden_by = 0 and m.learn_time <= p_now and m.valid_from <= p_now
                and (m.expire_time is null or m.expire_time > p_now)
                and case when m.retire_reason in (1, 4) then m.retire_time > p_now or m.valid_to > p_now
                    else coalesce(m.retire_time > p_now, true) and coalesce(m.valid_to > p_now, true) end
            -- a fence: a link leads to its memory, never the other way round
            offset 0
        ) seen
        where cardinality(p_types) = 0 or l.type = any(p_types)
        order by l.strength desc, l.other_id, l.type
        limit p_most
    ) found;
end
$$;

-- The strongest links of some memories either way, `p_most` of each: whom, the other end, how strong. Who asks knows which
-- other ends count.
create function links_of(p_tenant uuid, p_memories uuid[], p_most integer)
returns table (memory_id uuid, other_id uuid, strength double precision)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    return query
    select given.memory_id, found.other_id, found.strength
    from unnest(p_memories) as given (memory_id)
    cross join lateral (
        select either.other_id, max(either.strength) as strength
        from (
            (select o.target_id as other_id, o.strength from memory_links o
                where o.tenant_id = p_tenant and o.source_id = given.memory_id
                order by o.strength desc, o.target_id, o.type limit p_most)
            union all
            (select i.source_id, i.strength from memory_links i
                where i.tenant_id = p_tenant and i.target_id = given.memory_id
                order by i.strength desc, i.source_id, i.type limit p_most)
        ) either
        group by either.other_id
        order by strength desc, either.other_id
        limit p_most
    ) found;
end
$$;
