-- What recall needs of each memory, in the row's transaction, and a log by which every process follows what changes.
--
-- A process keeps the entries of a namespace in its own memory. Each statement that changes memories takes one number for
-- each namespace it touches, under the lock of that namespace's row, so that numbers become visible in their order: who
-- has read up to a number has missed nothing before it. Triggers do it, so that nobody who changes a memory can forget to,
-- not even the release before this one.

-- One memory as recall holds it. A memory without an entry was stored by the release before and is read by its text.
create table memory_entries (
    tenant_id uuid not null,
    memory_id uuid not null,
    namespace text not null,
    -- terms with their frequencies and what filters compare; the first byte is the format
    entry bytea not null,
    -- 16-bit floats; null where the text has none, or none yet
    vector bytea,
    embedding_version text not null default '',
    primary key (tenant_id, memory_id),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);
alter table memory_entries alter column entry set storage external;
alter table memory_entries alter column vector set storage external;

-- Which memories a number stands for; deleted ones too, so it refers to no memory.
create table memory_changes (
    tenant_id uuid not null,
    namespace text not null,
    change_seq bigint not null,
    memory_id uuid not null,
    primary key (tenant_id, namespace, change_seq, memory_id)
);

-- Numbers are never given twice, not even to a namespace that was erased and came back.
create sequence memory_change_numbers;
alter table namespace_sizes
add column change_seq bigint not null default 0,
-- whoever has not read as far as this reads the namespace anew
add column pruned_seq bigint not null default 0,
add column logged integer not null default 0;

alter table memory_entries enable row level security;
alter table memory_entries force row level security;
create policy of_tenant on memory_entries using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table memory_changes enable row level security;
alter table memory_changes force row level security;
create policy of_tenant on memory_changes using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update, delete on memory_entries, memory_changes to :app;
grant usage on sequence memory_change_numbers to :app;

-- Gives what changed together one number a namespace. Namespaces are locked in sorted order, so that two statements never
-- wait for each other in a circle.
create function note_changes(p_tenants uuid[], p_namespaces text[], p_memories uuid[]) returns void
language plpgsql as $$
#variable_conflict use_column
declare
    -- How many changes a namespace keeps at least; twice as many are kept before half of them go.
    v_kept constant integer := 10000;
    v_full text[];
    v_tenant uuid;
    v_namespace text;
    v_last bigint;
begin
    if p_memories is null then
        return;
    end if;
    with touched as materialized (
        select distinct * from unnest(p_tenants, p_namespaces, p_memories) as given (tenant_id, namespace, memory_id)
    ),
    numbered as (
        insert into namespace_sizes as n (tenant_id, namespace, memories, terms, change_seq, pruned_seq, logged)
        select fresh.tenant_id, fresh.namespace, 0, 0, fresh.seq, fresh.seq, fresh.changes
        from (
            select t.tenant_id, t.namespace, t.changes, nextval('memory_change_numbers') as seq
            from (
                select tenant_id, namespace, count(*) as changes from touched
                group by tenant_id, namespace order by tenant_id, namespace
            ) t
        ) fresh
        -- Asked for under the row's lock, and not before.
        on conflict (tenant_id, namespace) do update
        set change_seq = nextval('memory_change_numbers'), logged = n.logged + excluded.logged
        returning n.tenant_id, n.namespace, n.change_seq, n.logged
    ),
    noted as (
        insert into memory_changes (tenant_id, namespace, change_seq, memory_id)
        select tenant_id, namespace, n.change_seq, t.memory_id from touched t join numbered n using (tenant_id, namespace)
    )
    select array_agg(array[tenant_id::text, namespace]) filter (where logged >= 2 * v_kept) into v_full from numbered;

    for place in 1 .. coalesce(array_length(v_full, 1), 0) loop
        v_tenant := v_full[place][1]::uuid;
        v_namespace := v_full[place][2];
        select c.change_seq into v_last from memory_changes c
        where c.tenant_id = v_tenant and c.namespace = v_namespace order by c.change_seq desc offset v_kept limit 1;
        delete from memory_changes c
        where c.tenant_id = v_tenant and c.namespace = v_namespace and c.change_seq <= v_last;
        update namespace_sizes n
        set pruned_seq = coalesce(v_last, n.pruned_seq),
            logged = (select count(*) from memory_changes c where c.tenant_id = v_tenant and c.namespace = v_namespace)
        where n.tenant_id = v_tenant and n.namespace = v_namespace;
    end loop;
end
$$;

create function note_changed_memories() returns trigger
language plpgsql as $$
begin
    perform note_changes(array_agg(c.tenant_id), array_agg(c.namespace), array_agg(c.memory_id)) from changed c;
    return null;
end
$$;

-- How often and when a memory was recalled is no change of it; every other column is, also one that is added later.
-- An entry that tells of another text goes: whoever changed the text writes a new one afterwards, or recall makes it.
create function note_updated_memories() returns trigger
language plpgsql as $$
declare
    v_counts constant text[] := '{access_count,access_time}';
begin
    perform note_changes(array_agg(t.tenant_id), array_agg(t.namespace), array_agg(t.memory_id))
    from changed c
    join former f on f.tenant_id = c.tenant_id and f.memory_id = c.memory_id
    cross join lateral (
        select c.tenant_id, c.namespace, c.memory_id
        union
        select f.tenant_id, f.namespace, f.memory_id
    ) t
    where to_jsonb(c) - v_counts is distinct from to_jsonb(f) - v_counts;
    delete from memory_entries e
    using changed c
    join former f on f.tenant_id = c.tenant_id and f.memory_id = c.memory_id
    where e.tenant_id = c.tenant_id and e.memory_id = c.memory_id
        and (c.text, c.payload, c.subject, c.speaker) is distinct from (f.text, f.payload, f.subject, f.speaker);
    return null;
end
$$;

-- A vector that comes later is a change as well; an entry that comes with its memory is none beside it.
create function note_updated_entries() returns trigger
language plpgsql as $$
begin
    perform note_changes(array_agg(c.tenant_id), array_agg(c.namespace), array_agg(c.memory_id))
    from changed c
    join former f on f.tenant_id = c.tenant_id and f.memory_id = c.memory_id
    where (c.entry, c.vector, c.embedding_version) is distinct from (f.entry, f.vector, f.embedding_version);
    return null;
end
$$;

create trigger note_stored after insert on memories
referencing new table as changed for each statement execute function note_changed_memories();
create trigger note_deleted after delete on memories
referencing old table as changed for each statement execute function note_changed_memories();
create trigger note_updated after update on memories
referencing new table as changed old table as former for each statement execute function note_updated_memories();
create trigger note_updated after update on memory_entries
referencing new table as changed old table as former for each statement execute function note_updated_entries();

-- What recall holds of some memories; without an entry where there is none of this format.
create function view_memories(p_tenant uuid, p_memories uuid[], p_format integer)
returns table (
    memory_id uuid, kind smallint, subject text, speaker text, conversation_id uuid, "position" integer, trust double precision,
    importance double precision, tags text[], token_count integer, session_time timestamptz, learn_time timestamptz,
    valid_from timestamptz, valid_to timestamptz, retire_time timestamptz, retire_reason smallint, expire_time timestamptz, hidden_by integer,
    entry bytea, vector bytea
)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    return query
    select m.memory_id, m.kind, m.subject, m.speaker, m.conversation_id, m.position, m.trust, m.importance, m.tags,
        m.token_count, m.session_time, m.learn_time, m.valid_from, m.valid_to, m.retire_time, m.retire_reason, m.expire_time, m.hidden_by,
        e.entry, e.vector
    from memories m
    left join memory_entries e
        on e.tenant_id = p_tenant and e.memory_id = m.memory_id and get_byte(e.entry, 0) = p_format
    where m.tenant_id = p_tenant and m.memory_id = any(p_memories);
end
$$;

-- A page of a namespace in the order of ids.
create function read_memories(p_tenant uuid, p_namespace text, p_after uuid, p_format integer, p_limit integer)
returns table (
    memory_id uuid, kind smallint, subject text, speaker text, conversation_id uuid, "position" integer, trust double precision,
    importance double precision, tags text[], token_count integer, session_time timestamptz, learn_time timestamptz,
    valid_from timestamptz, valid_to timestamptz, retire_time timestamptz, retire_reason smallint, expire_time timestamptz, hidden_by integer,
    entry bytea, vector bytea
)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    return query
    select v.* from view_memories(
        p_tenant,
        array(
            select m.memory_id from memories m
            where m.tenant_id = p_tenant and m.namespace = p_namespace and (p_after is null or m.memory_id > p_after)
            order by m.memory_id limit p_limit
        ),
        p_format
    ) v
    order by v.memory_id;
end
$$;

-- What changed in namespaces since these numbers: for each namespace one row without a memory, which says how far it was
-- read, then a row for each memory; one without a kind is gone. Where a number is unknown or too old (-1 for none), what
-- comes is `fresh`: the first page of the whole namespace. `more` says that there is more to read from there on.
create function read_changes(p_tenant uuid, p_namespaces text[], p_seqs bigint[], p_format integer, p_limit integer)
returns table (
    namespace text, seq bigint, memories bigint, fresh boolean, more boolean, memory_id uuid, kind smallint, subject text,
    speaker text, conversation_id uuid, "position" integer, trust double precision, importance double precision, tags text[],
    token_count integer, session_time timestamptz, learn_time timestamptz, valid_from timestamptz, valid_to timestamptz,
    retire_time timestamptz, retire_reason smallint, expire_time timestamptz, hidden_by integer, entry bytea, vector bytea
)
language plpgsql
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    v_head record;
    v_upto bigint;
    v_changed uuid[];
begin
    perform enter_tenant(p_tenant);
    for v_head in
        select g.namespace, g.seq as known, coalesce(n.change_seq, 0) as seq, coalesce(n.pruned_seq, 0) as pruned,
            greatest(n.memories, 0) as memories
        from unnest(p_namespaces, p_seqs) as g (namespace, seq)
        left join namespace_sizes n on n.tenant_id = p_tenant and n.namespace = g.namespace
    loop
        namespace := v_head.namespace;
        seq := v_head.seq;
        memories := v_head.memories;
        memory_id := null;
        fresh := v_head.known < v_head.pruned or v_head.known > v_head.seq or v_head.known < 0;
        more := false;
        if fresh then
            select array_agg(m.memory_id) into v_changed
            from (
                select m.memory_id from memories m
                where m.tenant_id = p_tenant and m.namespace = v_head.namespace order by m.memory_id limit p_limit
            ) m;
            more := coalesce(cardinality(v_changed), 0) = p_limit;
        elsif v_head.known < v_head.seq then
            -- A number is never told in part.
            v_upto := v_head.seq;
            select c.change_seq into v_upto from memory_changes c
            where c.tenant_id = p_tenant and c.namespace = v_head.namespace
                and c.change_seq > v_head.known and c.change_seq <= v_head.seq
            order by c.change_seq offset p_limit limit 1;
            seq := coalesce(v_upto, v_head.seq);
            more := seq < v_head.seq;
            select array_agg(distinct c.memory_id) into v_changed from memory_changes c
            where c.tenant_id = p_tenant and c.namespace = v_head.namespace
                and c.change_seq > v_head.known and c.change_seq <= seq;
        else
            v_changed := null;
        end if;
        return next;
        if v_changed is not null then
            return query
            select v_head.namespace, null::bigint, null::bigint, null::boolean, null::boolean, given.memory_id, v.kind, v.subject,
                v.speaker, v.conversation_id, v.position, v.trust, v.importance, v.tags, v.token_count, v.session_time,
                v.learn_time, v.valid_from, v.valid_to, v.retire_time, v.retire_reason, v.expire_time, v.hidden_by, v.entry, v.vector
            from unnest(v_changed) as given (memory_id)
            left join view_memories(p_tenant, v_changed, p_format) v using (memory_id)
            order by given.memory_id;
        end if;
    end loop;
end
$$;

-- Stores memories as `store_memories` does, those that are new with what recall needs of them, and counts these for the day:
-- `today` is how many that makes by now, or 0 where there is no limit. Of a single memory `kept` is its row as it is now.
--
-- Planning costs more than storing a single one: its plans are kept once the planner knows a table that is worth an index.
create function keep_memories(
    p_tenant uuid, p_now timestamptz, p_repeated_importance double precision, p_most_namespaces integer, p_drafts json,
    p_memories uuid[], p_namespaces text[], p_entries bytea[], p_vectors bytea[], p_versions text[], p_is_limited boolean
) returns table (
    draft_id uuid, outcome smallint, kept_id uuid, kept_version integer, superseded uuid[], versions integer[], today bigint,
    kept memories, indexed boolean
)
language plpgsql
set plan_cache_mode = auto as $$
#variable_conflict use_column
declare
    v_kept memory_outcome[];
    v_kept_one memories;
    v_stored integer;
    v_today bigint := 0;
begin
    perform set_config('plan_cache_mode', case
        when cardinality(p_memories) = 1 and c.reltuples >= 1000 then 'force_generic_plan' else 'force_custom_plan'
    end, true)
    from pg_class c where c.oid = 'memories'::regclass;
    v_kept := array(
        select s from store_memories(p_tenant, p_now, p_repeated_importance, p_most_namespaces, p_drafts) s
    );
    perform set_config('plan_cache_mode', 'auto', true);
    insert into memory_entries as e (tenant_id, memory_id, namespace, entry, vector, embedding_version)
    select p_tenant, given.*
    from unnest(p_memories, p_namespaces, p_entries, p_vectors, p_versions)
        as given (memory_id, namespace, entry, vector, embedding_version)
    where given.memory_id = any(array(select k.draft_id from unnest(v_kept) k where k.outcome = 1))
    on conflict (tenant_id, memory_id) do update
    set namespace = excluded.namespace, entry = excluded.entry, vector = excluded.vector,
        embedding_version = excluded.embedding_version;
    get diagnostics v_stored = row_count;
    if v_stored > 0 then
        v_today := count_writes(p_tenant, (p_now at time zone 'UTC')::date, v_stored, p_is_limited);
    end if;
    if cardinality(p_memories) > 1 then
        return query select k.*, v_today, null::memories, null::boolean from unnest(v_kept) k;
        return;
    end if;
    if v_kept[1].kept_id is not null then
        select m.* into strict v_kept_one from memories m
        where m.tenant_id = p_tenant and m.memory_id = v_kept[1].kept_id;
    end if;
    return query
    select k.*, v_today, v_kept_one, not exists (
        select from memories_to_index q
        where q.tenant_id = v_kept_one.tenant_id and q.memory_id = v_kept_one.memory_id
    )
    from unnest(v_kept) k;
end
$$;
