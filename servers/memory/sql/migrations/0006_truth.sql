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
