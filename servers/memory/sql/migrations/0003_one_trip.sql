-- What a recall asks as functions that set their tenant: each is a transaction in one round trip.

-- The nearest memories with their cosines, by an exact scan of the namespaces.
create function nearest_memories(
    p_tenant uuid, p_vector text, p_namespaces text[], p_kinds smallint[], p_tags text[], p_conversation uuid,
    p_min_importance double precision, p_limit integer
) returns table (memory_id uuid, cosine double precision)
language plpgsql as $$
#variable_conflict use_column
declare
    -- read once, and not for every row
    v_query vector := p_vector::vector;
begin
    perform enter_tenant(p_tenant);
    return query
    select v.memory_id, 1 - (v.embedding <=> v_query)
    from memory_vectors v
    join memories m using (tenant_id, memory_id)
    where v.tenant_id = p_tenant
        and v.namespace = any(p_namespaces)
        and (cardinality(p_kinds) = 0 or m.kind = any(p_kinds))
        and m.tags @> p_tags
        and (p_conversation is null or m.conversation_id = p_conversation)
        and m.importance >= p_min_importance
        and m.valid_to is null
    order by v.embedding <=> v_query, v.memory_id desc
    limit p_limit;
end
$$;

-- The memories that share words with the query, with their BM25 (k1 1.2, b 0.75).
create function memories_with_words(
    p_tenant uuid, p_terms text[], p_namespaces text[], p_kinds smallint[], p_tags text[], p_conversation uuid,
    p_min_importance double precision, p_limit integer
) returns table (memory_id uuid, bm25 double precision)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    return query
    with size as (
        select greatest(sum(memories), 1)::float8 as memories, greatest(sum(terms), 1)::float8 as terms
        from namespace_sizes
        where tenant_id = p_tenant and namespace = any(p_namespaces)
    ),
    posting as (
        select memory_id, term, frequency
        from memory_terms
        where tenant_id = p_tenant and namespace = any(p_namespaces) and term = any(p_terms)
    ),
    weight as (
        select term, ln(1 + (size.memories - count(*) + 0.5) / (count(*) + 0.5)) as idf
        from posting cross join size
        group by term, size.memories
    )
    select p.memory_id,
        sum(w.idf * p.frequency * 2.2
            / (p.frequency + 1.2 * (0.25 + 0.75 * m.term_count * size.memories / size.terms))) as bm25
    from posting p
    join weight w using (term)
    join memories m on m.tenant_id = p_tenant and m.memory_id = p.memory_id
    cross join size
    where (cardinality(p_kinds) = 0 or m.kind = any(p_kinds))
        and m.tags @> p_tags
        and (p_conversation is null or m.conversation_id = p_conversation)
        and m.importance >= p_min_importance
        and m.valid_to is null
    group by p.memory_id
    order by bm25 desc, p.memory_id desc
    limit p_limit;
end
$$;

create function find_memories(p_tenant uuid, p_memories uuid[]) returns setof memories
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query select * from memories m where m.tenant_id = p_tenant and m.memory_id = any(p_memories);
end
$$;
