-- What feedback taught each agent: the weights of its retrievers, every state they went through, and what the turns had used.

create table agent_adaptations (
    tenant_id uuid not null,
    agent_id uuid not null,
    -- dense from 0; 0 are the defaults before anything happened
    version integer not null,
    -- vector, graph, recency, lexical, tau, lambda, mu, nu
    weights double precision[] not null check (cardinality(weights) = 8),
    -- how far one feedback moves a weight before modulation
    learning_rate double precision not null,
    -- since the last reset
    feedback_count integer not null,
    -- vector, graph, recency, lexical
    mean_shares double precision[] not null check (cardinality(mean_shares) = 4),
    time timestamptz not null,
    primary key (tenant_id, agent_id)
);

-- The newest 1,000 states of each agent, with what led to them: a feedback and a reset can be computed anew.
create table adaptation_log (
    tenant_id uuid not null,
    agent_id uuid not null,
    version integer not null,
    weights double precision[] not null check (cardinality(weights) = 8),
    learning_rate double precision not null,
    feedback_count integer not null,
    mean_shares double precision[] not null check (cardinality(mean_shares) = 4),
    time timestamptz not null,
    kind text not null check (kind in ('first', 'feedback', 'reset', 'rollback')),
    -- a sentence made here, of numbers and names of retrievers
    cause text not null,
    turn_id uuid,
    changed_by text not null,
    -- for a feedback: its signal, the learning rate after modulation and sleep, and what the turn had used
    signal double precision not null default 0,
    rate double precision not null default 0,
    shares double precision[] not null default '{0,0,0,0}' check (cardinality(shares) = 4),
    characters integer not null default 0,
    memories_used integer not null default 0,
    -- whether it changes an earlier feedback on the same turn
    again boolean not null default false,
    primary key (tenant_id, agent_id, version)
);

-- What part each retriever had in the memories that a turn used; kept for 30 days.
create table turn_shares (
    tenant_id uuid not null,
    agent_id uuid not null,
    turn_id uuid not null,
    conversation_id uuid,
    -- vector, graph, recency, lexical
    shares double precision[] not null check (cardinality(shares) = 4),
    memories_used integer not null,
    time timestamptz not null,
    -- what was said of the turn last, and the version of the weights that came of it; null where nothing was
    signal double precision,
    judged_version integer,
    -- when something was said of it or taken back last: what was said earlier and comes later changes nothing
    judged_time timestamptz,
    primary key (tenant_id, turn_id)
);

-- The newest turn of an agent and of a conversation, and those that are too old.
create index turn_shares_of_agent on turn_shares (tenant_id, agent_id, time desc);
create index turn_shares_of_conversation on turn_shares (tenant_id, conversation_id, time desc)
    where conversation_id is not null;
create index turn_shares_by_time on turn_shares using brin (time);

alter table agent_adaptations enable row level security;
alter table agent_adaptations force row level security;
create policy tenant_rows on agent_adaptations
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table adaptation_log enable row level security;
alter table adaptation_log force row level security;
create policy tenant_rows on adaptation_log
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table turn_shares enable row level security;
alter table turn_shares force row level security;
create policy tenant_rows on turn_shares
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on agent_adaptations to :app;
grant select, insert, delete on adaptation_log to :app;
-- Who moved the weights can be taken back; a line of the log is never changed otherwise.
grant update (changed_by) on adaptation_log to :app;
grant select, insert on turn_shares to :app;
grant update (signal, judged_version, judged_time) on turn_shares to :app;
grant select (tenant_id, turn_id, time), delete on turn_shares to :worker;

-- Keeps what a turn used, once; called inside the statement that observes the turn. Each turn is kept, also one that
-- used no memory (`p_shares` null): else a feedback on the newest turn would credit the one before.
create function keep_turn_shares(
    p_tenant uuid, p_agent uuid, p_turn uuid, p_conversation uuid, p_shares double precision[],
    p_memories_used integer, p_time timestamptz
) returns void
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    insert into turn_shares (tenant_id, agent_id, turn_id, conversation_id, shares, memories_used, time)
    values (
        p_tenant, p_agent, p_turn, p_conversation, coalesce(p_shares, '{0,0,0,0}'), coalesce(p_memories_used, 0), p_time
    )
    on conflict do nothing;
end
$$;
