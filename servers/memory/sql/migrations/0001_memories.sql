-- Memories, their vectors and their words.

create table memories (
    tenant_id uuid not null,
    memory_id uuid not null,
    namespace text not null,
    owner_sub text not null,
    kind smallint not null,
    text text not null,
    -- SHA-256 of the normalised text: the same thing said twice is one memory
    text_key bytea not null,
    payload jsonb,
    subject text not null,
    speaker text not null,
    source_class smallint not null,
    source_id text not null,
    conversation_id uuid,
    turn_id uuid,
    trust double precision not null check (trust between 0 and 1),
    importance double precision not null check (importance between 0 and 1),
    tags text[] not null,
    token_count integer not null,
    -- terms of the text, for BM25
    term_count integer not null,
    learn_time timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    access_count integer not null default 0,
    access_time timestamptz,
    embedding_version text not null,
    version integer not null default 1,
    primary key (tenant_id, memory_id),
    unique (tenant_id, namespace, subject, text_key)
);
create index memories_of_source on memories (tenant_id, source_id);

-- Scanned exactly within the namespaces of a query: no graph, no loss by filters.
create table memory_vectors (
    tenant_id uuid not null,
    namespace text not null,
    memory_id uuid not null,
    embedding vector(256) not null,
    primary key (tenant_id, namespace, memory_id),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);

-- One row a term and memory. Equality only: full-text operators become sequential scans under row-level security.
create table memory_terms (
    tenant_id uuid not null,
    namespace text not null,
    term text not null,
    memory_id uuid not null,
    frequency integer not null,
    primary key (tenant_id, namespace, term, memory_id),
    foreign key (tenant_id, memory_id) references memories (tenant_id, memory_id) on delete cascade
);
create index memory_terms_of_memory on memory_terms (tenant_id, memory_id);

-- How many memories a namespace has and how long they are together, for BM25.
create table namespace_sizes (
    tenant_id uuid not null,
    namespace text not null,
    memories bigint not null,
    terms bigint not null,
    primary key (tenant_id, namespace)
);

alter table memories enable row level security;
alter table memories force row level security;
create policy of_tenant on memories using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table memory_vectors enable row level security;
alter table memory_vectors force row level security;
create policy of_tenant on memory_vectors using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table memory_terms enable row level security;
alter table memory_terms force row level security;
create policy of_tenant on memory_terms using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table namespace_sizes enable row level security;
alter table namespace_sizes force row level security;
create policy of_tenant on namespace_sizes using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on memories, memory_vectors, memory_terms, namespace_sizes to :app;
