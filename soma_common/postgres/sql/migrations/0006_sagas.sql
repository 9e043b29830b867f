-- Sagas: steps over several houses that are all done or all undone, and the fences of those who take part.

-- A saga goes on when due_time has come: the wait before the next try, or the end of the lease of a process that holds
-- it. One that has none is over or stuck. A saga that is taken gets the next fence, and every write names it.
create table sagas (
  tenant_id uuid not null,
  saga_id uuid not null,
  name text not null,
  version integer not null,
  status text not null check (status in ('RUNNING', 'COMPLETED', 'COMPENSATING', 'COMPENSATED', 'COMPENSATION_STUCK', 'STUCK')),
  step_index integer not null default 0,
  step text not null,
  direction text not null default 'forward' check (direction in ('forward', 'back')),
  attempts integer not null default 0,
  doubt boolean not null default false,
  sub text not null,
  roles text[] not null,
  scopes text[] not null,
  service text,
  correlation_id text not null,
  traceparent text not null,
  input jsonb not null,
  awaits text[] not null,
  arrived jsonb not null default '{}',
  wait_time timestamptz,
  error_reason text not null default '',
  error_id text not null default '',
  stuck_times integer not null default 0,
  holder uuid,
  fence bigint not null default 0,
  start_time timestamptz not null default clock_timestamp(),
  update_time timestamptz not null default clock_timestamp(),
  deadline_time timestamptz not null,
  due_time timestamptz,
  end_time timestamptz,
  primary key (tenant_id, saga_id)
) with (fillfactor = 60);
create index sagas_due on sagas (due_time) where due_time is not null;
create index sagas_stuck on sagas (name) where status in ('COMPENSATION_STUCK', 'STUCK');
create index sagas_awaiting on sagas (tenant_id, correlation_id) where status = 'RUNNING' and awaits <> '{}';
create index sagas_by_start on sagas (tenant_id, start_time, saga_id);
create index sagas_by_end on sagas using brin (end_time);

-- What came of each step and of each compensation.
create table saga_steps (
  tenant_id uuid not null,
  saga_id uuid not null,
  direction text not null,
  step_index integer not null,
  step text not null,
  status text not null check (status in ('done', 'failed')),
  attempts integer not null,
  first_time timestamptz not null,
  last_time timestamptz not null,
  result jsonb not null default '{}',
  error_reason text not null default '',
  error_id text not null default '',
  primary key (tenant_id, saga_id, direction, step_index)
);

-- What a participant knows of a step by its effect key: whether its effect is here, and whether it may still come.
create table saga_fences (
  tenant_id uuid not null,
  effect_key uuid not null,
  done boolean not null,
  refused boolean not null,
  created_time timestamptz not null default clock_timestamp(),
  primary key (tenant_id, effect_key)
);
create index saga_fences_by_age on saga_fences using brin (created_time);

alter table sagas enable row level security;
alter table sagas force row level security;
alter table saga_steps enable row level security;
alter table saga_steps force row level security;
alter table saga_fences enable row level security;
alter table saga_fences force row level security;
create policy tenant on sagas
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy tenant on saga_steps
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy tenant on saga_fences
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on sagas to :app;
grant select, update, delete on sagas to :worker;
grant select, insert, update on saga_steps to :app;
grant select, delete on saga_steps to :worker;
grant select, insert, update on saga_fences to :app;
grant select, delete on saga_fences to :worker;

-- Starts a saga, held by p_holder where one is given; one that is there already stays as it is.
create function start_saga(
  p_tenant uuid, p_saga uuid, p_name text, p_version integer, p_step text, p_sub text, p_roles text[], p_scopes text[],
  p_service text, p_correlation_id text, p_traceparent text, p_input text, p_awaits text[], p_seconds double precision,
  p_holder uuid, p_lease_seconds double precision
) returns table (fresh boolean, same boolean, saga sagas)
language plpgsql as $$
#variable_conflict use_column
declare
  v_saga sagas;
  v_fresh boolean;
begin
  perform enter_tenant(p_tenant);
  insert into sagas (tenant_id, saga_id, name, version, status, step, sub, roles, scopes, service, correlation_id, traceparent,
                     input, awaits, holder, fence, deadline_time, due_time)
  values (p_tenant, p_saga, p_name, p_version, 'RUNNING', p_step, p_sub, p_roles, p_scopes, p_service, p_correlation_id,
          p_traceparent, p_input::jsonb, p_awaits, p_holder, case when p_holder is null then 0 else 1 end,
          clock_timestamp() + make_interval(secs => p_seconds), clock_timestamp() + make_interval(secs => p_lease_seconds))
  on conflict do nothing
  returning * into v_saga;
  v_fresh := found;
  if not v_fresh then
    select * into v_saga from sagas where tenant_id = p_tenant and saga_id = p_saga;
  end if;
  return query select v_fresh, v_saga.name = p_name and v_saga.input = p_input::jsonb and v_saga.sub = p_sub, v_saga;
end
$$;

-- Records what came of a step and moves the saga on, both or neither; false when another has taken it meanwhile, or
-- when this was recorded before. With p_hold it stays with its holder, whose lease becomes p_due_seconds where that is given; without,
-- it is due after them.
create function move_saga(
  p_tenant uuid, p_saga uuid, p_holder uuid, p_fence bigint,
  p_status text, p_index integer, p_step text, p_direction text, p_attempts integer, p_doubt boolean,
  p_hold boolean, p_due_seconds double precision,
  p_tried_index integer, p_tried_step text, p_tried_direction text, p_tried_status text, p_tried_attempts integer,
  p_took_seconds double precision, p_result text, p_error_reason text, p_error_id text
) returns boolean
language plpgsql as $$
declare
  v_is_turn boolean := p_error_reason <> ''
    and (p_status in ('COMPENSATION_STUCK', 'STUCK') or (p_tried_direction = 'forward' and p_direction = 'back'));
begin
  perform enter_tenant(p_tenant);
  update sagas set
    status = p_status, step_index = p_index, step = p_step, direction = p_direction, attempts = p_attempts, doubt = p_doubt,
    holder = case when p_hold then holder end, wait_time = null, update_time = clock_timestamp(),
    error_reason = case when v_is_turn then p_error_reason else error_reason end,
    error_id = case when v_is_turn then p_error_id else error_id end,
    stuck_times = stuck_times + case when p_status in ('COMPENSATION_STUCK', 'STUCK') then 1 else 0 end,
    due_time = case
      when p_due_seconds is not null then clock_timestamp() + make_interval(secs => p_due_seconds)
      when p_hold then due_time
    end,
    end_time = case when p_status in ('COMPLETED', 'COMPENSATED') then clock_timestamp() end
  where tenant_id = p_tenant and saga_id = p_saga and holder = p_holder and fence = p_fence
    and step_index = p_tried_index and direction = p_tried_direction and attempts = p_tried_attempts - 1;
  if not found then
    return false;
  end if;
  insert into saga_steps as s (tenant_id, saga_id, direction, step_index, step, status, attempts, first_time, last_time, result,
                               error_reason, error_id)
  values (p_tenant, p_saga, p_tried_direction, p_tried_index, p_tried_step, p_tried_status, p_tried_attempts,
          clock_timestamp() - make_interval(secs => p_took_seconds), clock_timestamp(), p_result::jsonb, p_error_reason, p_error_id)
  on conflict (tenant_id, saga_id, direction, step_index) do update set
    status = excluded.status, attempts = excluded.attempts, last_time = excluded.last_time, result = excluded.result,
    error_reason = case when excluded.error_reason = '' then s.error_reason else excluded.error_reason end,
    error_id = case when excluded.error_reason = '' then s.error_id else excluded.error_id end;
  return true;
end
$$;

-- Lays a saga down until an event comes, unless it has come; null when another has taken the saga meanwhile.
create function wait_saga(p_tenant uuid, p_saga uuid, p_holder uuid, p_fence bigint, p_type text, p_seconds double precision)
returns jsonb
language plpgsql as $$
declare
  v_arrived jsonb;
begin
  perform enter_tenant(p_tenant);
  update sagas set
    holder = case when arrived ? p_type then holder end,
    wait_time = clock_timestamp() + make_interval(secs => p_seconds),
    due_time = case when arrived ? p_type then due_time else clock_timestamp() + make_interval(secs => p_seconds) end
  where tenant_id = p_tenant and saga_id = p_saga and holder = p_holder and fence = p_fence
  returning arrived into v_arrived;
  return v_arrived;
end
$$;

-- A saga and its history.
create function find_saga(p_tenant uuid, p_saga uuid) returns table (saga sagas, steps json)
language plpgsql as $$
begin
  perform enter_tenant(p_tenant);
  return query
  select s, (
    select json_agg(r order by r.first_time, r.step_index) from saga_steps r where r.tenant_id = p_tenant and r.saga_id = p_saga
  )
  from sagas s where s.tenant_id = p_tenant and s.saga_id = p_saga;
end
$$;
