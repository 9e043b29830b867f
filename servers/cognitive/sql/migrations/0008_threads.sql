-- Threads of thought: options under one goal, which are taken one after another; one thread of an agent is its current one.

create table threads (
    tenant_id uuid not null,
    thread_id uuid not null,
    agent_id uuid not null,
    -- who made it; its words are theirs
    owner_sub text not null,
    goal text not null,
    -- given, model:<name> or rules
    method text not null,
    -- from 1; each change makes it one more
    version integer not null default 1 check (version > 0),
    option_count integer not null check (option_count >= 0),
    -- how many from the beginning are taken
    cursor_place integer not null default 0 check (cursor_place between 0 and option_count),
    create_time timestamptz not null,
    update_time timestamptz not null,
    primary key (tenant_id, thread_id),
    -- for lists, and so that an agent's current thread is one of its own
    unique (tenant_id, agent_id, thread_id)
);

create table thread_options (
    tenant_id uuid not null,
    thread_id uuid not null,
    -- from 0, best first
    position integer not null check (position >= 0),
    option_id uuid not null,
    text text not null,
    score double precision not null check (score between 0 and 1),
    reason text not null,
    taken_time timestamptz,
    primary key (tenant_id, thread_id, position),
    foreign key (tenant_id, thread_id) references threads on delete cascade
);

create table current_threads (
    tenant_id uuid not null,
    agent_id uuid not null,
    thread_id uuid not null,
    primary key (tenant_id, agent_id),
    foreign key (tenant_id, agent_id, thread_id) references threads (tenant_id, agent_id, thread_id) on delete cascade
);

alter table threads enable row level security;
alter table threads force row level security;
create policy tenant_rows on threads
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table thread_options enable row level security;
alter table thread_options force row level security;
create policy tenant_rows on thread_options
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table current_threads enable row level security;
alter table current_threads force row level security;
create policy tenant_rows on current_threads
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on threads to :app;
grant select, insert, update, delete on thread_options to :app;
grant select, insert, update on current_threads to :app;
