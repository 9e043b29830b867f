-- The index of vectors follows the memories: what waits for it, vectors of embedders that are asked over the network, and the
-- index in this database.
--
-- Each embedder's vectors are a space of their own. Small namespaces are scanned exactly, large ones by a graph (HNSW).

-- Index of vectors --------------------------------------------------------------------------------------------------------

-- The default is the built-in embedder of the release before this one, which writes its vectors and searches them. This one
-- makes vectors of a text otherwise, under another version; what that release wrote goes with its memory.
alter table memory_vectors
add column embedding_version text not null default 'static-minilm-256/227343b505c1',
alter column embedding type vector;
alter table memory_vectors drop constraint memory_vectors_pkey;
alter table memory_vectors add primary key (tenant_id, namespace, embedding_version, memory_id);

-- What the release before this one asks must not meet vectors of another length.
create or replace function nearest_memories(
    p_tenant uuid, p_vector text, p_namespaces text[], p_kinds smallint[], p_tags text[], p_conversation uuid,
    p_min_importance double precision, p_limit integer
) returns table (memory_id uuid, cosine double precision)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
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
        and v.embedding_version = 'static-minilm-256/227343b505c1'
        and (cardinality(p_kinds) = 0 or m.kind = any(p_kinds))
        and m.tags @> p_tags
        and (p_conversation is null or m.conversation_id = p_conversation)
        and m.importance >= p_min_importance
        and m.valid_to is null
    order by v.embedding <=> v_query, v.memory_id desc
    limit p_limit;
end
$$;

create function vector_graph(p_version text) returns text
language sql immutable parallel safe
return 'memory_vectors_graph_' || left(md5(p_version), 16);

-- Makes the graph of a space, over its rows alone. The owner makes it, since the services own nothing; a graph holds at most
-- 4,000 dimensions, of which more than 2,000 as halves, and longer vectors are scanned.
create function open_vector_space(p_version text, p_dimensions integer) returns void
language plpgsql security definer
set search_path from current as $$
declare
    v_form text := case when p_dimensions <= 2000 then 'vector' else 'halfvec' end;
begin
    if to_regclass(vector_graph(p_version)) is not null or p_dimensions > 4000 then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('soma.memory.vector_space', 0));
    execute format(
        'create index if not exists %I on memory_vectors using hnsw ((embedding::%s(%s)) %s_cosine_ops) '
        'where embedding_version = %L',
        vector_graph(p_version), v_form, p_dimensions, v_form, p_version
    );
end
$$;
select open_vector_space('static-words-256/227343b505c1', 256);
revoke execute on function open_vector_space(text, integer) from public;
grant execute on function open_vector_space(text, integer) to :app;

create function scanned_vectors(p_tenant uuid, p_version text, p_namespaces text[], p_vector vector, p_limit integer)
returns table (memory_id uuid, cosine double precision)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
begin
    -- the graph is not asked: it is over another expression
    return query
    select v.memory_id, 1 - (v.embedding <=> p_vector)
    from memory_vectors v
    where v.tenant_id = p_tenant and v.namespace = any(p_namespaces) and v.embedding_version = p_version
    order by v.embedding <=> p_vector, v.memory_id
    limit p_limit;
end
$$;

-- The nearest by the graph of the space, which is walked on until enough of them are of this tenant and in these namespaces.
create function walked_vectors(p_tenant uuid, p_version text, p_namespaces text[], p_vector vector, p_limit integer)
returns table (memory_id uuid, cosine double precision)
language plpgsql as $$
declare
    v_dimensions integer := vector_dims(p_vector);
    v_form text := case when v_dimensions <= 2000 then 'vector' else 'halfvec' end;
begin
    perform set_config('hnsw.ef_search', least(1000, greatest(100, p_limit))::text, true);
    perform set_config('hnsw.iterative_scan', 'strict_order', true);
    perform set_config('enable_sort', 'off', true);
    return query execute format(
        'select memory_id, 1 - (embedding::%1$s(%2$s) <=> $1::%1$s) from memory_vectors '
        'where embedding_version = %3$L and tenant_id = $2 and namespace = any($3) '
        'order by embedding::%1$s(%2$s) <=> $1::%1$s limit $4',
        v_form, v_dimensions, p_version
    ) using p_vector, p_tenant, p_namespaces, p_limit;
    perform set_config('enable_sort', 'on', true);
end
$$;

-- Exactly where the namespaces hold few memories, or where the graph would have to be walked past those of many others.
create function near_vectors(
    p_tenant uuid, p_version text, p_namespaces text[], p_vector text, p_limit integer, p_scanned integer
) returns table (memory_id uuid, cosine double precision)
language plpgsql as $$
declare
    v_vector vector := p_vector::vector;
    v_memories bigint;
    v_all real;
    v_ids uuid[];
    v_cosines double precision[];
begin
    perform enter_tenant(p_tenant);
    select coalesce(sum(s.memories), 0) into v_memories
    from namespace_sizes s where s.tenant_id = p_tenant and s.namespace = any(p_namespaces);
    select c.reltuples into v_all from pg_class c where c.oid = to_regclass(vector_graph(p_version));
    if v_all is not null and v_memories > p_scanned and v_memories > v_all / 50 then
        select array_agg(w.memory_id), array_agg(w.cosine) into v_ids, v_cosines
        from walked_vectors(p_tenant, p_version, p_namespaces, v_vector, p_limit) w;
        if cardinality(v_ids) >= p_limit then
            return query select * from unnest(v_ids, v_cosines);
            return;
        end if;
    end if;
    return query
    select w.memory_id, w.cosine from scanned_vectors(p_tenant, p_version, p_namespaces, v_vector, p_limit) w;
end
$$;

-- The vectors of memories that are there still, in the place of what was held for them.
create function put_vectors(p_tenant uuid, p_version text, p_memories uuid[], p_namespaces text[], p_vectors text[])
returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    delete from memory_vectors v
    using unnest(p_memories, p_namespaces) as given (memory_id, namespace)
    where v.memory_id = given.memory_id and v.tenant_id = p_tenant
        and v.embedding_version = p_version and v.namespace <> given.namespace;
    insert into memory_vectors as v (tenant_id, namespace, embedding_version, memory_id, embedding)
    select p_tenant, given.namespace, p_version, given.memory_id, given.embedding::vector
    from unnest(p_memories, p_namespaces, p_vectors) as given (memory_id, namespace, embedding)
    where exists (
        select from memories m where m.tenant_id = p_tenant and m.memory_id = given.memory_id for key share
    )
    on conflict (tenant_id, namespace, embedding_version, memory_id) do update set embedding = excluded.embedding
    where v.embedding <> excluded.embedding;
end
$$;

create function remove_vectors(p_tenant uuid, p_version text, p_memories uuid[]) returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    delete from memory_vectors v
    where v.memory_id = any(p_memories) and v.tenant_id = p_tenant and v.embedding_version = p_version;
end
$$;

create function page_of_vectors(p_tenant uuid, p_version text, p_after uuid, p_limit integer)
returns table (memory_id uuid, namespace text, embedding text)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select v.memory_id, v.namespace, v.embedding::text from memory_vectors v
    where v.tenant_id = p_tenant and v.embedding_version = p_version and (p_after is null or v.memory_id > p_after)
    order by v.memory_id limit p_limit;
end
$$;

create function held_vectors(p_tenant uuid, p_version text, p_memories uuid[]) returns table (memory_id uuid)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select v.memory_id from memory_vectors v
    where v.memory_id = any(p_memories) and v.tenant_id = p_tenant and v.embedding_version = p_version;
end
$$;

create function drop_vectors(p_tenant uuid, p_version text) returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    delete from memory_vectors v where v.tenant_id = p_tenant and v.embedding_version = p_version;
end
$$;

-- What waits for the index ------------------------------------------------------------------------------------------------

-- A memory that was stored, changed or deleted, until the index has it. A further change while a follower is at work gives it
-- another number and leaves it with that follower, so that no two ever write the same memory in the wrong order.
create sequence index_numbers;
create table memories_to_index (
    tenant_id uuid not null,
    memory_id uuid not null,
    number bigint not null default nextval('index_numbers'),
    -- the space that it waits for; empty for the built-in one
    embedding_version text not null default '',
    -- from when on a follower may take it
    next_time timestamptz not null default now(),
    attempts integer not null default 0,
    begin_time timestamptz not null default now(),
    primary key (tenant_id, memory_id)
);
create index memories_to_index_next on memories_to_index (embedding_version, next_time);

-- Vectors that were asked of an embedder over the network, so that no index must ask again. Little-endian float32.
create table memory_embeddings (
    tenant_id uuid not null,
    memory_id uuid not null,
    embedding_version text not null,
    vector bytea not null,
    primary key (memory_id, tenant_id, embedding_version),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);
alter table memory_embeddings alter column vector set storage external;

-- The indexes that were ever filled, of each installation and space, by an identity that a new or emptied one does not share.
create table filled_indexes (
    identity text not null primary key,
    embedding_version text not null,
    -- how far the memories that were there before have been queued for it
    after_tenant uuid not null default '00000000-0000-0000-0000-000000000000',
    after_memory uuid not null default '00000000-0000-0000-0000-000000000000',
    -- it is whole once nothing waits that was given this number or an earlier one; null while memories are still being queued
    last_number bigint,
    whole boolean not null default false
);

alter table memories_to_index enable row level security;
alter table memories_to_index force row level security;
create policy of_tenant on memories_to_index using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table memory_embeddings enable row level security;
alter table memory_embeddings force row level security;
create policy of_tenant on memory_embeddings using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update, delete on memories_to_index, memory_embeddings to :app;
grant usage on sequence index_numbers to :app;
grant select, update, delete on memories_to_index to :worker;
grant select, insert, update on filled_indexes to :worker;

create function queue_for_index(p_tenants uuid[], p_memories uuid[]) returns void
language sql as $$
    insert into memories_to_index as q (tenant_id, memory_id)
    select distinct given.tenant_id, given.memory_id from unnest(p_tenants, p_memories) as given (tenant_id, memory_id)
    order by 1, 2
    on conflict (tenant_id, memory_id) do update
    set number = nextval('index_numbers'), embedding_version = '', attempts = 0
$$;

create function index_changed_memories() returns trigger
language plpgsql as $$
begin
    perform queue_for_index(array_agg(c.tenant_id), array_agg(c.memory_id)) from changed c having count(*) > 0;
    return null;
end
$$;

-- Only another text is another vector.
create function index_updated_memories() returns trigger
language plpgsql as $$
declare
    v_tenants uuid[];
    v_memories uuid[];
begin
    select array_agg(c.tenant_id), array_agg(c.memory_id) into v_tenants, v_memories
    from changed c join former f on f.tenant_id = c.tenant_id and f.memory_id = c.memory_id
    where (c.text, c.namespace) is distinct from (f.text, f.namespace);
    if v_memories is not null then
        delete from memory_embeddings e
        using unnest(v_tenants, v_memories) as o (tenant_id, memory_id)
        where e.memory_id = o.memory_id and e.tenant_id = o.tenant_id;
        perform queue_for_index(v_tenants, v_memories);
    end if;
    return null;
end
$$;

create trigger index_stored after insert on memories
referencing new table as changed for each statement execute function index_changed_memories();
create trigger index_deleted after delete on memories
referencing old table as changed for each statement execute function index_changed_memories();
create trigger index_updated after update on memories
referencing new table as changed old table as former for each statement execute function index_updated_memories();

-- Queues the memories that were there before an index was made, in the order of tenants and ids: some at a time, after those
-- that were queued last. The owner reads them, since a worker sees no memories.
create function queue_for_new_index(p_identity text, p_limit integer) returns boolean
language plpgsql security definer
set search_path from current as $$
declare
    v_tenants uuid[];
    v_memories uuid[];
    v_done boolean;
begin
    -- one at a time
    perform from filled_indexes i where i.identity = p_identity for update;
    select array_agg(f.tenant_id), array_agg(f.memory_id) into v_tenants, v_memories
    from filled_indexes i
    cross join lateral (
        select m.tenant_id, m.memory_id from memories m
        where (m.tenant_id, m.memory_id) > (i.after_tenant, i.after_memory)
        order by m.tenant_id, m.memory_id limit p_limit
    ) f
    where i.identity = p_identity;
    v_done := v_memories is null;
    if not v_done then
        perform queue_for_index(v_tenants, v_memories);
        update filled_indexes
        set after_tenant = v_tenants[cardinality(v_tenants)], after_memory = v_memories[cardinality(v_memories)]
        where identity = p_identity;
    else
        update filled_indexes set last_number = nextval('index_numbers') where identity = p_identity;
    end if;
    return v_done;
end
$$;
revoke execute on function queue_for_new_index(text, integer) from public;
grant execute on function queue_for_new_index(text, integer) to :worker;

-- What followers and comparisons ask of a tenant ----------------------------------------------------------------------------

create function texts_to_index(p_tenant uuid, p_memories uuid[], p_version text)
returns table (memory_id uuid, namespace text, text text, vector bytea)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select m.memory_id, m.namespace, m.text, e.vector
    from memories m
    left join memory_embeddings e
        on e.tenant_id = p_tenant and e.memory_id = m.memory_id and e.embedding_version = p_version
    where m.tenant_id = p_tenant and m.memory_id = any(p_memories);
end
$$;

create function page_of_texts(p_tenant uuid, p_after uuid, p_version text, p_limit integer)
returns table (memory_id uuid, namespace text, text text, vector bytea)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select m.memory_id, m.namespace, m.text, e.vector
    from memories m
    left join memory_embeddings e
        on e.tenant_id = p_tenant and e.memory_id = m.memory_id and e.embedding_version = p_version
    where m.tenant_id = p_tenant and (p_after is null or m.memory_id > p_after)
    order by m.memory_id limit p_limit;
end
$$;

-- Only for texts that are still the memory's: what was embedded for a former one is nobody's.
create function keep_embeddings(p_tenant uuid, p_version text, p_memories uuid[], p_texts text[], p_vectors bytea[])
returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    insert into memory_embeddings (tenant_id, memory_id, embedding_version, vector)
    select p_tenant, given.memory_id, p_version, given.vector
    from unnest(p_memories, p_texts, p_vectors) as given (memory_id, text, vector)
    where exists (
        select from memories m
        where m.tenant_id = p_tenant and m.memory_id = given.memory_id and m.text = given.text for share
    )
    on conflict (memory_id, tenant_id, embedding_version) do update set vector = excluded.vector;
end
$$;

create function queue_again(p_tenant uuid, p_memories uuid[]) returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    perform queue_for_index(array_fill(p_tenant, array[cardinality(p_memories)]), p_memories);
end
$$;

-- Which of these memories the index does not have yet as they are.
create function waiting_for_index(p_tenant uuid, p_memories uuid[]) returns table (memory_id uuid)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select q.memory_id from memories_to_index q where q.tenant_id = p_tenant and q.memory_id = any(p_memories);
end
$$;

-- What was deleted, and the index may still hold.
create function gone_from_index(p_tenant uuid) returns table (memory_id uuid)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select q.memory_id from memories_to_index q
    where q.tenant_id = p_tenant
        and not exists (select from memories m where m.tenant_id = p_tenant and m.memory_id = q.memory_id);
end
$$;

create function known_memories(p_tenant uuid, p_memories uuid[]) returns table (memory_id uuid)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select m.memory_id from memories m where m.tenant_id = p_tenant and m.memory_id = any(p_memories);
end
$$;

create function count_memories(p_tenant uuid) returns bigint
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return (select count(*) from memories m where m.tenant_id = p_tenant);
end
$$;
