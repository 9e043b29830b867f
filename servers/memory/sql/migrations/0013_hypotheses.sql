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
