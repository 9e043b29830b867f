-- Hypotheses (kind 4), which sleep makes of two memories: they fade as what happened does, and go with either of the two.

create or replace function retention(p_kind smallint, p_importance double precision, p_age interval, p_accesses integer)
returns double precision
language sql immutable parallel safe
return p_importance
    * exp(-ln(2::double precision) * least(greatest(extract(epoch from p_age)::double precision, 0) / 86400
        / case when p_kind in (1, 4) then 30 else 365 end, 1000))
    + 0.1 * ln(1 + p_accesses::double precision);

-- A guess has the words of what it was made of, and nothing else stands for it.
create function drop_hypotheses() returns trigger
language plpgsql as $$
begin
    -- What this deletes comes here again, until nothing is left.
    if not exists (select from gone) then
        return null;
    end if;
    with lost as (
        delete from memories m using gone g, memory_origins o
        where o.origin_id = g.memory_id and o.tenant_id = g.tenant_id
            and m.memory_id = o.memory_id and m.tenant_id = o.tenant_id and m.kind = 4
        returning m.tenant_id, m.memory_id, m.namespace, m.version, m.term_count
    ),
    shrunk as (
        update namespace_sizes n set memories = n.memories - l.memories, terms = n.terms - l.terms
        from (
            select tenant_id, namespace, count(*) as memories, sum(term_count) as terms
            from lost group by tenant_id, namespace
        ) l
        where n.namespace = l.namespace and n.tenant_id = l.tenant_id
    ),
    told as (
        insert into lost_memories (tenant_id, memory_id, namespace, version)
        select tenant_id, memory_id, namespace, version from lost
        on conflict do nothing
    )
    update upkeep u set due_time = least(u.due_time, now()) from lost where u.tenant_id = lost.tenant_id;
    return null;
end
$$;
create trigger unguess after delete on memories
referencing old table as gone for each statement execute function drop_hypotheses();

-- As before (0009), and no way leads to a guess or through one.
create or replace function links_around(
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
                and m.kind <> 4 and m.hidden_by = 0 and m.learn_time <= p_now and m.valid_from <= p_now
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
