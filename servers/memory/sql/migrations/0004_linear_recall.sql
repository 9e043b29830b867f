-- Recall in time that grows with what it reads and not with its square.
--
-- How many memories carry a word was counted anew for each of them; now the index counts it once, and each posting is
-- read once. And a plan that was made while the tables were young was kept: it read all rows of the tenant for each
-- hit, since nothing looked dearer than anything else. Planning anew costs half a millisecond.

-- While a table is young, any index that begins with the tenant looks as good as the primary key: each reference to a
-- memory was checked by reading all memories of the tenant. Those that are looked into whole begin with another column.
drop index memories_of_source;
create index memories_of_source on memories (source_id, tenant_id);
alter table memories drop constraint memories_tenant_id_namespace_subject_text_key_key;
create unique index memories_of_text on memories (text_key, tenant_id, namespace, subject);
drop index memory_terms_of_memory;
create index memory_terms_of_memory on memory_terms (memory_id, tenant_id);
drop index memory_vectors_of_memory;
create index memory_vectors_of_memory on memory_vectors (memory_id, tenant_id);

alter function nearest_memories(uuid, text, text[], smallint[], text[], uuid, double precision, integer)
set plan_cache_mode = force_custom_plan;
alter function find_memories(uuid, uuid[])
set plan_cache_mode = force_custom_plan;

create or replace function memories_with_words(
    p_tenant uuid, p_terms text[], p_namespaces text[], p_kinds smallint[], p_tags text[], p_conversation uuid,
    p_min_importance double precision, p_limit integer
) returns table (memory_id uuid, bm25 double precision)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    v_memories double precision;
    v_mean_terms double precision;
    -- The rarest words tell most; what many memories share is left out once this many postings are read.
    v_most_postings constant integer := 4000;
begin
    perform enter_tenant(p_tenant);
    select greatest(sum(s.memories), 1), greatest(sum(s.terms), 1) / greatest(sum(s.memories), 1)
    into v_memories, v_mean_terms
    from namespace_sizes s
    where s.tenant_id = p_tenant and s.namespace = any(p_namespaces);
    return query
    with carried as materialized (
        select given.term, found.carriers
        from unnest(p_terms) as given (term)
        cross join lateral (
            select count(*) as carriers
            from (
                select
                from memory_terms t
                where t.tenant_id = p_tenant and t.namespace = any(p_namespaces) and t.term = given.term
                limit v_most_postings + 1
            ) counted
        ) found
        where found.carriers > 0
    ),
    word as materialized (
        select c.term, ln(1 + (v_memories - c.carriers + 0.5) / (c.carriers + 0.5)) as idf
        from (
            select term, carriers,
                sum(carriers) over rarest_first as postings, row_number() over rarest_first as place
            from carried
            window rarest_first as (order by carriers, term)
        ) c
        where c.place = 1 or c.postings <= v_most_postings
    ),
    posting as materialized (
        select found.memory_id, found.frequency, w.idf
        from word w
        cross join lateral (
            select t.memory_id, t.frequency
            from memory_terms t
            where t.tenant_id = p_tenant and t.namespace = any(p_namespaces) and t.term = w.term
            -- a fence: read word by word, whatever is known of young tables
            offset 0
        ) found
    )
    select p.memory_id,
        sum(p.idf * p.frequency * 2.2 / (p.frequency + 1.2 * (0.25 + 0.75 * (m.term_count / v_mean_terms)))) as bm25
    from posting p
    cross join lateral (
        select m.term_count
        from memories m
        where m.tenant_id = p_tenant
            and m.memory_id = p.memory_id
            and (cardinality(p_kinds) = 0 or m.kind = any(p_kinds))
            and m.tags @> p_tags
            and (p_conversation is null or m.conversation_id = p_conversation)
            and m.importance >= p_min_importance
            and m.valid_to is null
        -- a fence as well: a posting leads to its memory, never the other way round
        offset 0
    ) m
    group by p.memory_id
    order by bm25 desc, p.memory_id desc
    limit p_limit;
end
$$;
