-- What a person's session with an agent has in mind: how its gates stand, at most 64 texts, and how far each action came.

create table working_memories (
    tenant_id uuid not null,
    agent_id uuid not null,
    -- whose session it is: another person's of the same name is another one
    owner_sub text not null,
    session_id text not null,
    -- one more with every step
    version integer not null default 0,
    store_open boolean not null default false,
    act_open boolean not null default false,
    update_time timestamptz not null,
    primary key (tenant_id, agent_id, owner_sub, session_id)
);
create index working_memories_by_use on working_memories (update_time);

create table working_items (
    tenant_id uuid not null,
    agent_id uuid not null,
    owner_sub text not null,
    session_id text not null,
    -- SHA-256 of the text as texts are compared
    text_key bytea not null check (octet_length(text_key) = 32),
    text text not null,
    salience double precision not null check (salience between 0 and 1),
    salient_count integer not null,
    memory_id uuid,
    met_time timestamptz not null,
    -- the text's direction in the space of meanings, behind the version of that space
    likeness bytea not null default '',
    primary key (tenant_id, agent_id, owner_sub, session_id, text_key),
    foreign key (tenant_id, agent_id, owner_sub, session_id)
        references working_memories (tenant_id, agent_id, owner_sub, session_id) on delete cascade
);

-- An action as far as it came, so that who asks again gets the same and what was cut off goes on.
create table actions (
    tenant_id uuid not null,
    owner_sub text not null,
    request_id uuid not null,
    body_hash bytea not null check (octet_length(body_hash) = 32),
    -- how many steps were decided
    steps integer not null,
    -- soma.cognitive.v1.ActResponse
    answer bytea not null,
    -- whether the last step waits for the memory that it is to become
    storing boolean not null,
    done boolean not null default false,
    start_time timestamptz not null,
    primary key (tenant_id, owner_sub, request_id)
);
create index actions_by_start on actions (start_time);

alter table working_memories enable row level security;
alter table working_memories force row level security;
create policy tenant_rows on working_memories
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table working_items enable row level security;
alter table working_items force row level security;
create policy tenant_rows on working_items
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

alter table actions enable row level security;
alter table actions force row level security;
create policy tenant_rows on actions
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on working_memories, working_items, actions to :app;
grant select, delete on working_memories, actions to :worker;

-- What a session has in mind; one row, also where it is new.
create function find_session(
    p_tenant uuid, p_agent uuid, p_owner text, p_session text,
    out version integer, out store_open boolean, out act_open boolean, out text_keys bytea[], out texts text[],
    out saliences double precision[], out salient_counts integer[], out memory_ids uuid[], out met_times timestamptz[],
    out likenesses bytea[]
)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    select w.version, w.store_open, w.act_open into find_session.version, find_session.store_open, find_session.act_open
    from working_memories w
    where w.tenant_id = p_tenant and w.agent_id = p_agent and w.owner_sub = p_owner and w.session_id = p_session;
    select array_agg(i.text_key order by i.met_time, i.text_key), array_agg(i.text order by i.met_time, i.text_key),
        array_agg(i.salience order by i.met_time, i.text_key), array_agg(i.salient_count order by i.met_time, i.text_key),
        array_agg(i.memory_id order by i.met_time, i.text_key), array_agg(i.met_time order by i.met_time, i.text_key),
        array_agg(i.likeness order by i.met_time, i.text_key)
    into text_keys, texts, saliences, salient_counts, memory_ids, met_times, likenesses
    from working_items i
    where i.tenant_id = p_tenant and i.agent_id = p_agent and i.owner_sub = p_owner and i.session_id = p_session;
end
$$;

create function find_action(p_tenant uuid, p_owner text, p_request uuid) returns setof actions
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query
    select * from actions a where a.tenant_id = p_tenant and a.owner_sub = p_owner and a.request_id = p_request;
end
$$;

-- One step of an action: the gates, the text that was met, those that went for it, and the action so far. False, and nothing
-- written, when the session is not at that version or the action not at the step before.
create function take_step(
    p_tenant uuid, p_agent uuid, p_owner text, p_session text, p_version integer, p_store_open boolean, p_act_open boolean,
    p_time timestamptz, p_key bytea, p_text text, p_salience double precision, p_salient_count integer, p_likeness bytea,
    p_evicted bytea[], p_request uuid, p_body_hash bytea, p_steps integer, p_answer bytea, p_storing boolean
) returns boolean
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    insert into working_memories (tenant_id, agent_id, owner_sub, session_id, update_time)
    values (p_tenant, p_agent, p_owner, p_session, p_time)
    on conflict do nothing;
    perform from working_memories w
    where w.tenant_id = p_tenant and w.agent_id = p_agent and w.owner_sub = p_owner and w.session_id = p_session
        and w.version = p_version
    for update;
    if not found then
        return false;
    end if;
    if p_steps = 1 then
        insert into actions (tenant_id, owner_sub, request_id, body_hash, steps, answer, storing, start_time)
        values (p_tenant, p_owner, p_request, p_body_hash, 1, p_answer, p_storing, p_time)
        on conflict do nothing;
    else
        update actions a set steps = p_steps, answer = p_answer, storing = p_storing
        where a.tenant_id = p_tenant and a.owner_sub = p_owner and a.request_id = p_request
            and a.steps = p_steps - 1 and not a.storing and not a.done;
    end if;
    if not found then
        return false;
    end if;
    update working_memories w
    set version = p_version + 1, store_open = p_store_open, act_open = p_act_open, update_time = p_time
    where w.tenant_id = p_tenant and w.agent_id = p_agent and w.owner_sub = p_owner and w.session_id = p_session;
    insert into working_items as i (
        tenant_id, agent_id, owner_sub, session_id, text_key, text, salience, salient_count, met_time, likeness
    )
    values (
        p_tenant, p_agent, p_owner, p_session, p_key, p_text, p_salience, p_salient_count, p_time, p_likeness
    )
    on conflict (tenant_id, agent_id, owner_sub, session_id, text_key) do update
    set text = excluded.text, salience = excluded.salience, salient_count = excluded.salient_count,
        met_time = excluded.met_time, likeness = excluded.likeness;
    delete from working_items i
    where i.tenant_id = p_tenant and i.agent_id = p_agent and i.owner_sub = p_owner and i.session_id = p_session
        and i.text_key = any(p_evicted);
    return true;
end
$$;

-- What came of storing the last step of an action; the memory, where it became one, is noted with the text.
create function end_storing(
    p_tenant uuid, p_agent uuid, p_owner text, p_session text, p_key bytea, p_memory uuid, p_request uuid, p_steps integer,
    p_answer bytea
) returns boolean
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    update actions a set answer = p_answer, storing = false
    where a.tenant_id = p_tenant and a.owner_sub = p_owner and a.request_id = p_request and a.steps = p_steps and a.storing;
    if not found then
        return false;
    end if;
    update working_items i set memory_id = p_memory
    where i.tenant_id = p_tenant and i.agent_id = p_agent and i.owner_sub = p_owner and i.session_id = p_session
        and i.text_key = p_key and p_memory is not null;
    return true;
end
$$;

-- The whole answer of an action; who comes second gets what the first one said, with the hash of what it was asked. Nothing,
-- when the action is at another step.
create function end_action(
    p_tenant uuid, p_owner text, p_request uuid, p_body_hash bytea, p_steps integer, p_answer bytea, p_time timestamptz,
    out body_hash bytea, out answer bytea
)
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    insert into actions as a (tenant_id, owner_sub, request_id, body_hash, steps, answer, storing, done, start_time)
    values (p_tenant, p_owner, p_request, p_body_hash, p_steps, p_answer, false, true, p_time)
    on conflict (tenant_id, owner_sub, request_id) do update
    set answer = case when a.done then a.answer else excluded.answer end, storing = false, done = true
    where a.done or a.steps = p_steps
    returning a.body_hash, a.answer into end_action.body_hash, end_action.answer;
end
$$;
