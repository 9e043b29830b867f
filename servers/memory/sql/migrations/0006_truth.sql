-- What is true changes: a memory keeps its place in a conversation, its key, its end and what took its place.

alter table memories
    -- from 1; 0 where it has no place in a conversation
    add column position integer not null default 0 check (position >= 0),
    add column session_time timestamptz,
    add column coordinate text not null default '',
    add column predicate text not null default '',
    add column object text not null default '',
    add column pinned boolean not null default false,
    -- from then on it is gone from every read
    add column expire_time timestamptz,
    add column retire_time timestamptz,
    -- 1 superseded, 2 swept, 3 consolidated, 4 corrected
    add column retire_reason smallint check (retire_reason between 1 and 4),
    add column superseded_by uuid,
    add column derived_from uuid[] not null default '{}',
    -- how many open quarantines hide it
    add column hidden_by integer not null default 0 check (hidden_by >= 0),
    add constraint retired_for_a_reason check ((retire_time is null) = (retire_reason is null));

-- One live memory a coordinate. What rests, or is hidden, holds no place.
create unique index memories_of_coordinate on memories (coordinate, tenant_id, namespace)
where coordinate <> '' and retire_time is null and hidden_by = 0;
create index memories_of_fact on memories (predicate, subject, tenant_id, namespace)
where predicate <> '' and retire_time is null;
create index memories_superseded on memories (superseded_by, tenant_id) where superseded_by is not null;
create index memories_expiring on memories (expire_time, tenant_id) where expire_time is not null;
create index memories_by_namespace on memories (namespace, tenant_id, memory_id);
create index memories_by_time on memories (namespace, tenant_id, learn_time, memory_id);
-- Made anew behind it: of two that seem as good, as all do before a table was ever counted, the planner takes the younger.
drop index memories_of_text;
create unique index memories_of_text on memories (text_key, tenant_id, namespace, subject);

-- A text is held by one live memory: `text_key` is the hash of 32 bytes, and has the id behind it in what rests or is
-- hidden, so that the same may be stored anew. What comes back takes its text and its coordinate only where nobody has
-- them by then; a coordinate that is taken makes it superseded by whoever has it.
create function hold_place() returns trigger
language plpgsql as $$
declare
    v_holder uuid;
begin
    if new.retire_time is null and new.hidden_by = 0 and new.coordinate <> '' then
        select m.memory_id into v_holder from memories m
        where m.tenant_id = new.tenant_id and m.namespace = new.namespace and m.coordinate = new.coordinate
            and m.retire_time is null and m.hidden_by = 0 and m.memory_id <> new.memory_id;
        if found then
            new.retire_time := statement_timestamp();
            new.retire_reason := 1;
            new.superseded_by := v_holder;
            new.valid_to := least(new.valid_to, greatest(new.valid_from, new.retire_time));
        end if;
    end if;
    if new.retire_time is not null or new.hidden_by > 0 then
        new.text_key := substring(new.text_key for 32) || uuid_send(new.memory_id);
    elsif not exists (
        select from memories m
        where m.tenant_id = new.tenant_id and m.namespace = new.namespace and m.subject = new.subject
            and m.text_key = substring(new.text_key for 32) and m.memory_id <> new.memory_id
    ) then
        new.text_key := substring(new.text_key for 32);
    end if;
    return new;
end
$$;
create trigger rests before insert on memories
for each row when (new.retire_time is not null or new.hidden_by > 0) execute function hold_place();
create trigger comes_or_goes before update on memories
for each row when (
    (new.retire_time is not null or new.hidden_by > 0) <> (old.retire_time is not null or old.hidden_by > 0)
) execute function hold_place();

-- What was made of what, seen from the source: the way in which a quarantine goes, and a lineage.
create table memory_origins (
    tenant_id uuid not null,
    origin_id uuid not null,
    memory_id uuid not null,
    primary key (origin_id, tenant_id, memory_id),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);
create index memory_origins_of_memory on memory_origins (memory_id, tenant_id);
create function note_origins() returns trigger
language plpgsql as $$
begin
    insert into memory_origins (tenant_id, origin_id, memory_id)
    select made.tenant_id, origin_id, made.memory_id
    from made cross join unnest(made.derived_from) as origin_id
    on conflict do nothing;
    return null;
end
$$;
create trigger made_of after insert on memories
referencing new table as made for each statement execute function note_origins();

-- What a memory was before each change; rows are only added, and go with their memory.
create table memory_versions (
    tenant_id uuid not null,
    memory_id uuid not null,
    version integer not null,
    kind smallint not null,
    text text not null,
    payload jsonb,
    subject text not null,
    speaker text not null,
    trust double precision not null,
    importance double precision not null,
    tags text[] not null,
    token_count integer not null,
    pinned boolean not null,
    expire_time timestamptz,
    coordinate text not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    -- when it stopped being so, and by whom
    change_time timestamptz not null,
    change_sub text not null,
    primary key (tenant_id, memory_id, version),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);

-- How much a tenant stored on a day (UTC). Where there is no limit it is counted in several rows, so that nobody waits.
create table daily_writes (
    tenant_id uuid not null,
    day date not null,
    slot smallint not null,
    stored bigint not null,
    primary key (tenant_id, day, slot)
);

alter table memory_origins enable row level security;
alter table memory_origins force row level security;
create policy of_tenant on memory_origins using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table memory_versions enable row level security;
alter table memory_versions force row level security;
create policy of_tenant on memory_versions using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table daily_writes enable row level security;
alter table daily_writes force row level security;
create policy of_tenant on daily_writes using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert on memory_versions to :app;
grant select, insert on memory_origins to :app;
grant select, insert, update, delete on daily_writes to :app;

-- A memory that shall be stored, with what its row needs beside it. `sources` are the names under which it can be
-- forgotten, `turn_time` is when its turn began. What an import brings has a version, and may rest already.
create type memory_draft as (
    memory_id uuid, namespace text, owner_sub text, kind smallint, text text, text_key bytea, payload text, subject text,
    speaker text, source_class smallint, source_id text, conversation_id uuid, turn_id uuid, turn_time timestamptz,
    sources text[], trust double precision, importance double precision, tags text[], token_count integer,
    term_count integer, learn_time timestamptz, valid_from timestamptz, valid_to timestamptz, access_count integer,
    access_time timestamptz, embedding_version text, version integer, "position" integer, session_time timestamptz,
    coordinate text, predicate text, object text, pinned boolean, expire_time timestamptz, retire_time timestamptz,
    retire_reason smallint, superseded_by uuid, derived_from uuid[], hidden_by integer
);

create type memory_outcome as (
    draft_id uuid, outcome smallint, kept_id uuid, kept_version integer, superseded uuid[], versions integer[]
);

create function memory_lock(p_tenant uuid, p_key text) returns bigint
language sql immutable parallel safe
return hashtextextended('soma.memory.key/' || p_tenant::text || '/' || p_key, 0);

-- Stores memories that share neither text nor key: each is stored (1), strengthens the one that says the same (2), or is
-- refused because its source was forgotten (3), or because the tenant has as many namespaces as it may (4).
--
-- Whoever stores under the same coordinate, or a fact of the same subject and predicate, waits here, so that one of them
-- replaces the other. What was stored between two of these statements makes the whole transaction begin anew.
create function store_memories(
    p_tenant uuid, p_now timestamptz, p_repeated_importance double precision, p_most_namespaces integer, p_drafts json
) returns setof memory_outcome
language plpgsql as $$
#variable_conflict use_column
declare
    v_given memory_draft[];
    v_drafts memory_draft[];
    v_refused uuid[];
    v_crowded uuid[];
    v_alike uuid[];
    v_alike_drafts uuid[];
    v_repeated uuid[] := '{}';
    v_kept uuid[] := '{}';
    v_kept_versions integer[] := '{}';
    v_new uuid[];
    v_replaced uuid[] := '{}';
    v_replaced_by uuid[] := '{}';
    v_replaced_versions integer[] := '{}';
    v_stored integer;
begin
    -- A quarantine has come before, or waits until this is stored.
    perform pg_advisory_xact_lock_shared(quarantine_lock(p_tenant));
    select array_agg(d) into v_given from json_populate_recordset(null::memory_draft, p_drafts) d;
    perform pg_advisory_xact_lock(waited.key) from (
        select distinct memory_lock(p_tenant, given.key) as key
        from unnest(v_given) d
        cross join lateral (
            values
                (case when d.coordinate <> '' then 'coordinate/' || d.namespace || '/' || d.coordinate end),
                (case when d.predicate <> '' then 'fact/' || d.namespace || '/' || d.subject || '/' || d.predicate end)
        ) as given (key)
        where given.key is not null and d.retire_time is null
        order by key
    ) waited;
    perform pg_advisory_xact_lock_shared(waited.key) from (
        select distinct source_lock(p_tenant, s.source) as key
        from unnest(v_given) d
        cross join unnest(d.sources || ('person/' || d.owner_sub)) as s (source)
        order by key
    ) waited;

    select array_agg(d.memory_id) into v_refused
    from unnest(v_given) d
    where exists (
        select from forgotten_sources f
        where f.tenant_id = p_tenant and f.source = any(d.sources) and f.owner_sub in ('', d.owner_sub)
            and (f.ended or d.turn_time < f.forget_time)
    )
    -- what a person had begun before it was forgotten (0012)
    or (d.turn_time is not null and was_erased(p_tenant, d.owner_sub, d.turn_time));
    -- The namespaces that are not there yet; few, and waited for, so that they are counted exactly.
    if exists (
        select from unnest(v_given) d
        where not exists (
            select from namespace_sizes n where n.tenant_id = p_tenant and n.namespace = d.namespace and n.memories > 0
        )
    ) then
        perform pg_advisory_xact_lock(memory_lock(p_tenant, 'namespaces'));
        select array_agg(d.memory_id) into v_crowded
        from unnest(v_given) d
        join (
            select fresh.namespace, row_number() over (order by fresh.namespace) as place
            from (select distinct namespace from unnest(v_given)) fresh
            where not exists (
                select from namespace_sizes n
                where n.tenant_id = p_tenant and n.namespace = fresh.namespace and n.memories > 0
            )
        ) fresh using (namespace)
        where fresh.place > p_most_namespaces - (
            select count(*) from namespace_sizes n where n.tenant_id = p_tenant and n.memories > 0
        );
    end if;

    -- What is stored: believed no more than what it was made of. What is hidden replaces and strengthens nothing; how many
    -- quarantines hide it is counted once it is there.
    select array_agg(
        jsonb_populate_record(d, jsonb_build_object(
            'trust', least(d.trust, made.trust), 'hidden_by', coalesce(made.hidden_by, 0) + hiding.amount
        )) order by d.memory_id
    ) into v_drafts
    from unnest(v_given) d
    left join lateral (
        select min(m.trust) as trust, max(m.hidden_by) as hidden_by from memories m
        where m.tenant_id = p_tenant and m.memory_id = any(d.derived_from)
    ) made on d.derived_from <> '{}'
    cross join lateral (
        select count(*) as amount from quarantines q
        where q.tenant_id = p_tenant and q.end_time is null
            and (q.conversation_id = d.conversation_id or (d.source_id <> '' and q.source_id = d.source_id))
    ) hiding
    where d.memory_id <> all(coalesce(v_refused, '{}')) and d.memory_id <> all(coalesce(v_crowded, '{}'));

    -- Apart from the namespace, for an index of that could be taken for as good as that of the texts.
    select array_agg(m.memory_id), array_agg(d.memory_id) into v_alike, v_alike_drafts
    from unnest(v_drafts) d
    cross join lateral (
        select m.memory_id, m.namespace, m.subject from memories m
        where m.text_key = d.text_key and m.tenant_id = p_tenant
        offset 0
    ) m
    where m.namespace = d.namespace and m.subject = d.subject and d.retire_time is null and d.hidden_by = 0;
    if v_alike is not null then
        -- What has expired, or held at another time, gives its text free.
        update memories m
        set retire_time = p_now, retire_reason = 2, version = m.version + 1
        from unnest(v_drafts) d join unnest(v_alike, v_alike_drafts) as a (memory_id, draft_id) on a.draft_id = d.memory_id
        where m.tenant_id = p_tenant and m.memory_id = a.memory_id and m.text_key = d.text_key and m.expire_time <= p_now;
        update memories m
        set text_key = m.text_key || uuid_send(m.memory_id)
        from unnest(v_drafts) d join unnest(v_alike, v_alike_drafts) as a (memory_id, draft_id) on a.draft_id = d.memory_id
        where m.tenant_id = p_tenant and m.memory_id = a.memory_id and m.text_key = d.text_key
            and (m.valid_to <= d.valid_from or d.valid_to <= m.valid_from);
        with strengthened as (
            update memories m
            set access_count = m.access_count + 1, access_time = p_now, pinned = m.pinned or d.pinned,
                importance = least(1.0, m.importance + p_repeated_importance), version = m.version + 1
            from unnest(v_drafts) d
            join unnest(v_alike, v_alike_drafts) as a (memory_id, draft_id) on a.draft_id = d.memory_id
            where m.tenant_id = p_tenant and m.memory_id = a.memory_id and m.text_key = d.text_key
            returning d.memory_id as draft_id, m.memory_id, m.version
        )
        select array_agg(s.draft_id), array_agg(s.memory_id), array_agg(s.version)
        into v_repeated, v_kept, v_kept_versions from strengthened s;
        v_repeated := coalesce(v_repeated, '{}');
        insert into memory_sources (
            tenant_id, memory_id, owner_sub, speaker, source_class, source_id, conversation_id, turn_id, learn_time
        )
        select p_tenant, m.memory_id, d.owner_sub, d.speaker, d.source_class, d.source_id, d.conversation_id, d.turn_id,
            d.learn_time
        from unnest(v_drafts) d
        join unnest(v_repeated, v_kept) as r (draft_id, kept_id) on r.draft_id = d.memory_id
        join memories m on m.tenant_id = p_tenant and m.memory_id = r.kept_id
        where (m.owner_sub, m.source_id, m.conversation_id) is distinct from (d.owner_sub, d.source_id, d.conversation_id)
        on conflict do nothing;
    end if;

    if exists (
        select from unnest(v_drafts) d
        where (d.coordinate <> '' or d.predicate <> '') and d.retire_time is null and d.hidden_by = 0
            and d.memory_id <> all(v_repeated)
    ) then
        with pairs as (
            select m.memory_id, d.memory_id as draft_id, d.valid_from from unnest(v_drafts) d
            cross join lateral (
                select m.memory_id, m.namespace from memories m
                where m.coordinate = d.coordinate and m.tenant_id = p_tenant and m.coordinate <> '' and m.retire_time is null
                offset 0
            ) m
            where d.coordinate <> '' and d.retire_time is null and d.hidden_by = 0 and d.memory_id <> all(v_repeated)
                and m.namespace = d.namespace
            union
            select m.memory_id, d.memory_id, d.valid_from from unnest(v_drafts) d
            cross join lateral (
                select m.memory_id, m.namespace, m.valid_from, m.valid_to from memories m
                where m.predicate = d.predicate and m.subject = d.subject and m.tenant_id = p_tenant and m.predicate <> ''
                    and m.retire_time is null
                offset 0
            ) m
            where d.predicate <> '' and d.retire_time is null and d.hidden_by = 0 and d.memory_id <> all(v_repeated)
                and m.namespace = d.namespace
                and (m.valid_to is null or m.valid_to > d.valid_from)
                and (d.valid_to is null or d.valid_to > m.valid_from)
        ),
        replaced as (
            update memories m
            set retire_time = p_now, retire_reason = 1, superseded_by = p.draft_id, version = m.version + 1,
                valid_to = least(m.valid_to, greatest(m.valid_from, p.valid_from))
            from (select distinct on (memory_id) * from pairs order by memory_id, draft_id desc) p
            where m.tenant_id = p_tenant and m.memory_id = p.memory_id
            returning m.memory_id, p.draft_id, m.version
        )
        select array_agg(r.memory_id), array_agg(r.draft_id), array_agg(r.version)
        into v_replaced, v_replaced_by, v_replaced_versions from replaced r;
    end if;

    with stored as (
        insert into memories as m (
            tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, payload, subject, speaker, source_class,
            source_id, conversation_id, turn_id, trust, importance, tags, token_count, term_count, learn_time, valid_from,
            valid_to, access_count, access_time, embedding_version, version, position, session_time, coordinate, predicate,
            object, pinned, expire_time, retire_time, retire_reason, superseded_by, derived_from, hidden_by
        )
        select p_tenant, d.memory_id, d.namespace, d.owner_sub, d.kind, d.text, d.text_key, d.payload::jsonb, d.subject,
            d.speaker, d.source_class, d.source_id, d.conversation_id, d.turn_id, d.trust, d.importance, d.tags,
            d.token_count, d.term_count, d.learn_time, d.valid_from, d.valid_to, coalesce(d.access_count, 0), d.access_time,
            d.embedding_version, coalesce(d.version, 1), d.position, d.session_time, d.coordinate, d.predicate, d.object,
            d.pinned, d.expire_time, d.retire_time, d.retire_reason, d.superseded_by, d.derived_from, d.hidden_by
        from unnest(v_drafts) d
        where d.memory_id <> all(v_repeated)
        on conflict (tenant_id, namespace, subject, text_key) do nothing
        returning m.memory_id, m.namespace, m.term_count
    ),
    grown as (
        insert into namespace_sizes as n (tenant_id, namespace, memories, terms)
        select p_tenant, s.namespace, count(*), sum(s.term_count) from stored s group by s.namespace order by s.namespace
        on conflict (tenant_id, namespace) do update
        set memories = n.memories + excluded.memories, terms = n.terms + excluded.terms
    )
    select array_agg(s.memory_id), count(*) into v_new, v_stored from stored s;
    if v_stored + cardinality(v_repeated) < coalesce(cardinality(v_drafts), 0) then
        raise exception 'the same was stored meanwhile' using errcode = 'serialization_failure';
    end if;

    return query
    select r.draft_id, 2::smallint, r.kept_id, r.version, '{}'::uuid[], '{}'::integer[]
    from unnest(v_repeated, v_kept, v_kept_versions) as r (draft_id, kept_id, version)
    union all
    select n.memory_id, 1::smallint, n.memory_id, 1, coalesce(old.ids, '{}'), coalesce(old.versions, '{}')
    from unnest(v_new) as n (memory_id)
    left join lateral (
        select array_agg(o.memory_id order by o.memory_id) as ids, array_agg(o.version order by o.memory_id) as versions
        from unnest(v_replaced, v_replaced_by, v_replaced_versions) as o (memory_id, draft_id, version)
        where o.draft_id = n.memory_id
    ) old on true
    union all
    select gone.memory_id, 3::smallint, null::uuid, 0, '{}'::uuid[], '{}'::integer[] from unnest(v_refused) as gone (memory_id)
    union all
    select c.memory_id, 4::smallint, null::uuid, 0, '{}'::uuid[], '{}'::integer[] from unnest(v_crowded) as c (memory_id)
    where c.memory_id <> all(coalesce(v_refused, '{}'));
end
$$;

-- Counts what was stored today and answers how much that is by now. With a limit everybody counts in one row, and the
-- number is exact until the transaction ends.
create function count_writes(p_tenant uuid, p_day date, p_stored integer, p_exact boolean) returns bigint
language plpgsql as $$
begin
    insert into daily_writes as w (tenant_id, day, slot, stored)
    values (p_tenant, p_day, case when p_exact then 0 else 1 + pg_backend_pid() % 16 end, p_stored)
    on conflict (tenant_id, day, slot) do update set stored = w.stored + excluded.stored;
    if not p_exact then
        return 0;
    end if;
    delete from daily_writes w where w.tenant_id = p_tenant and w.day < p_day - 7;
    return (select sum(w.stored) from daily_writes w where w.tenant_id = p_tenant and w.day = p_day);
end
$$;

-- Under which id an import stored what, and what it did (1 stored, 2 there already), until it is old: so a repeat goes on
-- where the first try ended, and answers the same.
create table memory_imports (
    tenant_id uuid not null,
    owner_sub text not null,
    request_id uuid not null,
    origin_id uuid not null,
    memory_id uuid not null,
    outcome smallint not null,
    import_time timestamptz not null,
    primary key (request_id, tenant_id, owner_sub, origin_id),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);
create index memory_imports_of_memory on memory_imports (memory_id, tenant_id);
create index memory_imports_by_time on memory_imports (tenant_id, import_time);
alter table memory_imports enable row level security;
alter table memory_imports force row level security;
create policy of_tenant on memory_imports using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, delete on memory_imports to :app;
