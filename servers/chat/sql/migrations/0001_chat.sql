-- Agents, conversations with their messages as a tree, turns with their journal, and what must still happen after a turn.

-- One row an agent: what is listed and locked. Everything an agent is told stands in its versions, which are only added to.
create table agents (
    tenant_id uuid not null,
    agent_id uuid not null,
    name text not null,
    version integer not null,
    archived boolean not null default false,
    create_time timestamptz not null,
    update_time timestamptz not null,
    primary key (tenant_id, agent_id),
    unique (tenant_id, name)
);

create table agent_versions (
    tenant_id uuid not null,
    agent_id uuid not null,
    version integer not null,
    name text not null,
    system_prompt text not null,
    model_profile_id text not null,
    intelligence smallint not null check (intelligence between 1 and 10),
    autonomy smallint not null check (autonomy between 1 and 10),
    resource_micros_per_turn bigint not null check (resource_micros_per_turn >= 0),
    risk_profile smallint not null,
    canned_answer text not null,
    warm_style text not null,
    -- dopamine, serotonin, noradrenaline, acetylcholine; null means the defaults
    baseline double precision[] check (baseline is null or cardinality(baseline) = 4),
    memory_scope smallint not null,
    archived boolean not null,
    changed_by text not null,
    create_time timestamptz not null,
    primary key (tenant_id, agent_id, version),
    foreign key (tenant_id, agent_id) references agents (tenant_id, agent_id)
);

-- The retrieval weights of an agent's last modulation: the next recall starts with them, so that it need not wait.
create table agent_retrieval (
    tenant_id uuid not null,
    agent_id uuid not null,
    -- vector, graph, recency, lexical, temperature
    weights double precision[] not null check (cardinality(weights) = 5),
    update_time timestamptz not null,
    primary key (tenant_id, agent_id),
    foreign key (tenant_id, agent_id) references agents (tenant_id, agent_id)
);

-- A deleted conversation stays as an empty row, so that a late message learns that it is closed.
create table conversations (
    tenant_id uuid not null,
    conversation_id uuid not null,
    owner_sub text not null,
    agent_id uuid not null,
    title text not null,
    status text not null check (status in ('active', 'archived', 'deleted')),
    current_leaf_id uuid,
    running_turn_id uuid,
    message_count integer not null default 0,
    version integer not null default 1,
    create_time timestamptz not null,
    update_time timestamptz not null,
    primary key (tenant_id, conversation_id),
    foreign key (tenant_id, agent_id) references agents (tenant_id, agent_id)
);
create index conversations_of_owner on conversations (tenant_id, owner_sub, status, update_time desc, conversation_id);
create index conversations_of_tenant on conversations (tenant_id, status, update_time desc, conversation_id);

create table messages (
    tenant_id uuid not null,
    message_id uuid not null,
    owner_sub text not null,
    conversation_id uuid not null,
    parent_message_id uuid,
    turn_id uuid not null,
    role text not null check (role in ('user', 'assistant')),
    -- the parts of the content, in order
    parts text[] not null,
    -- [{"call_id", "name", "arguments_json"}]
    tool_calls jsonb not null default '[]',
    -- the size of the text in tokens of the tokenizer named beside it, framing excluded
    token_count integer not null,
    tokenizer text not null,
    partial boolean not null default false,
    finish_reason text not null default '',
    input_tokens integer not null default 0,
    cached_input_tokens integer not null default 0,
    output_tokens integer not null default 0,
    reasoning_tokens integer not null default 0,
    usage_estimated boolean not null default false,
    cost_micros bigint not null default 0,
    receipt_id uuid,
    model text not null default '',
    create_time timestamptz not null,
    primary key (tenant_id, message_id),
    foreign key (tenant_id, conversation_id) references conversations (tenant_id, conversation_id) on delete cascade
);
create index messages_of_conversation on messages (tenant_id, conversation_id, message_id);
create index messages_by_parent on messages (tenant_id, conversation_id, parent_message_id);

-- The processes that run turns. A new process of the same name raises the epoch; what carries an older one is fenced.
create table instances (
    name text primary key,
    epoch bigint not null,
    start_time timestamptz not null,
    beat_time timestamptz not null
);

create table turns (
    tenant_id uuid not null,
    turn_id uuid not null,
    owner_sub text not null,
    -- null once a refusal that may pass has been told, so that the same request may try again
    request_id uuid,
    body_hash bytea not null,
    correlation_id text not null,
    caller_roles text[] not null,
    caller_scopes text[] not null,
    -- null for a turn over a transcript
    conversation_id uuid,
    agent_id uuid not null,
    agent_version integer not null,
    user_message_id uuid,
    parent_message_id uuid,
    assistant_message_id uuid not null,
    status text not null check (status in ('running', 'completed', 'failed', 'cancelled', 'refused')),
    instance text not null,
    lease_epoch bigint not null,
    cancel_requested boolean not null default false,
    model text not null default '',
    receipt_id uuid,
    -- the answer of a transcript turn, which has no message
    answer text not null default '',
    tool_calls jsonb not null default '[]',
    partial_text_kept boolean not null default false,
    finish_reason text not null default '',
    error_reason text not null default '',
    error_metadata jsonb not null default '{}',
    error_retry_seconds double precision,
    -- [{"subject", "description"}]: the limits a refusal names
    error_quota jsonb not null default '[]',
    input_tokens integer not null default 0,
    cached_input_tokens integer not null default 0,
    output_tokens integer not null default 0,
    reasoning_tokens integer not null default 0,
    usage_estimated boolean not null default false,
    cost_micros bigint not null default 0,
    create_time timestamptz not null,
    end_time timestamptz,
    primary key (tenant_id, turn_id),
    unique (tenant_id, owner_sub, request_id)
);
create index turns_of_conversation on turns (tenant_id, conversation_id, turn_id);
create index turns_running on turns (instance, lease_epoch) where status = 'running';
create index turns_by_end on turns (end_time) where end_time is not null;

-- The durable events of a turn: rows of length-delimited soma.chat.v1.TurnEvent, dense over first_sequence..last_sequence.
create table journal (
    tenant_id uuid not null,
    turn_id uuid not null,
    first_sequence integer not null,
    last_sequence integer not null,
    lease_epoch bigint not null,
    events bytea not null,
    -- with the first row: the serialised settlement as the plan left it, for whoever has to end a turn that was left running
    settlement bytea,
    create_time timestamptz not null default now(),
    primary key (tenant_id, turn_id, first_sequence)
);
create index journal_by_time on journal (create_time);

-- What must still be told to another service after a turn; deleted when it was, parked when it never can be.
create table intents (
    tenant_id uuid not null,
    intent_id uuid not null,
    owner_sub text not null,
    caller_roles text[] not null,
    caller_scopes text[] not null,
    correlation_id text not null,
    turn_id uuid not null,
    kind text not null check (kind in ('settle_turn', 'observe_turn', 'store_memory')),
    -- the serialised request
    payload bytea not null,
    status text not null default 'pending' check (status in ('pending', 'parked')),
    attempts integer not null default 0,
    next_time timestamptz not null,
    lease_expire_time timestamptz,
    last_reason text not null default '',
    create_time timestamptz not null,
    primary key (tenant_id, intent_id),
    unique (tenant_id, turn_id, kind)
);
create index intents_due on intents (next_time) where status = 'pending';

alter table agents enable row level security;
alter table agents force row level security;
create policy of_tenant on agents using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table agent_versions enable row level security;
alter table agent_versions force row level security;
create policy of_tenant on agent_versions using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table agent_retrieval enable row level security;
alter table agent_retrieval force row level security;
create policy of_tenant on agent_retrieval using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table conversations enable row level security;
alter table conversations force row level security;
create policy of_tenant on conversations using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table messages enable row level security;
alter table messages force row level security;
create policy of_tenant on messages using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table turns enable row level security;
alter table turns force row level security;
create policy of_tenant on turns using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table journal enable row level security;
alter table journal force row level security;
create policy of_tenant on journal using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table intents enable row level security;
alter table intents force row level security;
create policy of_tenant on intents using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on agents to :app;
-- versions are never changed
grant select, insert on agent_versions to :app;
grant select, insert, update on agent_retrieval to :app;
grant select, insert, update, delete on conversations, messages, turns, intents to :app;
grant select, insert, delete on journal to :app;

-- the queue and lease tables, over all tenants
grant select, insert, update, delete on instances to :worker;
grant select, insert, delete on journal to :worker;
grant select, update, delete on intents to :worker;
grant select on turns to :worker;
