-- The ledger (budgets and holds), the receipts, what was settled, and what the planner has learned of a tenant.

-- What a tenant may use in a period, and its counters in the period that began at window_start. All three periods of a
-- tenant have a row, also without a limit, so that a limit set later starts from true counters. A limit of 0 is none.
create table budgets (
    tenant_id uuid not null,
    period text not null check (period in ('day', 'month', 'total')),
    window_start timestamptz not null,
    limit_tokens bigint not null default 0 check (limit_tokens >= 0),
    limit_micros bigint not null default 0 check (limit_micros >= 0),
    hard boolean not null default true,
    used_tokens bigint not null default 0 check (used_tokens >= 0),
    used_micros bigint not null default 0 check (used_micros >= 0),
    held_tokens bigint not null default 0 check (held_tokens >= 0),
    held_micros bigint not null default 0 check (held_micros >= 0),
    debt_tokens bigint not null default 0 check (debt_tokens >= 0),
    debt_micros bigint not null default 0 check (debt_micros >= 0),
    primary key (tenant_id, period)
) with (fillfactor = 50);

-- What is set aside for one model call of a turn or a job.
create table holds (
    hold_id uuid primary key,
    tenant_id uuid not null,
    owner_id uuid not null,
    leg integer not null check (leg >= 1),
    tokens bigint not null check (tokens >= 0),
    micros bigint not null check (micros >= 0),
    lease_expire_time timestamptz not null,
    state text not null check (state in ('open', 'settled', 'released', 'expired')),
    used_tokens bigint not null default 0,
    used_micros bigint not null default 0,
    create_time timestamptz not null,
    close_time timestamptz,
    unique (tenant_id, owner_id, leg)
);
create index holds_open on holds (tenant_id, lease_expire_time) where state = 'open';

-- What a turn was allowed and what it used. plan and response are written when it is planned, settlement when it is
-- settled; plan and settlement are two halves of one soma.governor.v1.Receipt, their concatenation is the whole.
create table receipts (
    receipt_id uuid primary key,
    tenant_id uuid not null,
    turn_id uuid not null,
    owner_sub text not null,
    model text not null,
    -- in the order system_policy, history, memory, tools, tool_results, buffer
    lanes_planned integer[] not null check (cardinality(lanes_planned) = 6),
    predicted_output_tokens integer not null,
    aiq_predicted double precision not null,
    aiq_observed double precision,
    plan bytea not null,
    response bytea not null,
    settlement bytea,
    plan_time timestamptz not null,
    settle_time timestamptz,
    unique (tenant_id, turn_id)
);

-- One row for each turn or job that was settled; the row is what makes a repeat harmless.
create table settlements (
    tenant_id uuid not null,
    owner_id uuid not null,
    tokens bigint not null,
    micros bigint not null,
    debt_tokens bigint not null,
    settle_time timestamptz not null,
    primary key (tenant_id, owner_id)
);

-- The level of a tenant between turns; version guards a change against a concurrent one.
create table levels (
    tenant_id uuid primary key,
    version bigint not null,
    level smallint not null check (level between 0 and 4),
    good_checks smallint not null,
    worst_of_streak smallint not null
);

-- Calls of each tool and how many succeeded.
create table tool_calls (
    tenant_id uuid not null,
    tool text not null,
    attempts bigint not null,
    successes bigint not null,
    primary key (tenant_id, tool)
);

-- How long the answers of each model were.
create table output_lengths (
    tenant_id uuid not null,
    model text not null,
    turns bigint not null,
    tokens bigint not null,
    primary key (tenant_id, model)
);

-- Every function below begins by locking the tenant's budgets in one order: these rows are the mutex of the ledger, so
-- nothing can deadlock, and each sees what the one before it left.

-- Locks the budgets and starts the periods that have begun since: nothing is used yet, except debt that the last period
-- could not cover. Open holds stay held, for they will be settled in the new period.
create function lock_budgets(p_tenant uuid, p_day timestamptz, p_month timestamptz) returns void
language plpgsql as $$
begin
    perform 1 from budgets where tenant_id = p_tenant order by period for update;
    update budgets set
        window_start = case period when 'day' then p_day else p_month end,
        used_tokens = case when hard and limit_tokens > 0
            then least(debt_tokens, greatest(0, used_tokens - limit_tokens)) else 0 end,
        debt_tokens = case when hard and limit_tokens > 0
            then least(debt_tokens, greatest(0, used_tokens - limit_tokens)) else 0 end,
        used_micros = case when hard and limit_micros > 0
            then least(debt_micros, greatest(0, used_micros - limit_micros)) else 0 end,
        debt_micros = case when hard and limit_micros > 0
            then least(debt_micros, greatest(0, used_micros - limit_micros)) else 0 end
    where tenant_id = p_tenant
        and ((period = 'day' and window_start < p_day) or (period = 'month' and window_start < p_month));
end
$$;

-- Gives back the holds whose lease has expired, each once; answers how many. The budgets must be locked.
create function return_expired(p_tenant uuid, p_now timestamptz) returns integer
language plpgsql as $$
declare
    returned_count integer;
    returned_tokens bigint;
    returned_micros bigint;
begin
    with expired as (
        update holds set state = 'expired', close_time = p_now
        where tenant_id = p_tenant and state = 'open' and lease_expire_time <= p_now
        returning tokens, micros
    )
    select count(*), coalesce(sum(tokens), 0), coalesce(sum(micros), 0)
    into returned_count, returned_tokens, returned_micros
    from expired;
    if returned_count > 0 then
        update budgets set held_tokens = held_tokens - returned_tokens, held_micros = held_micros - returned_micros
        where tenant_id = p_tenant;
    end if;
    return returned_count;
end
$$;

-- Checks and holds all budgets of the tenant, or none. A need of nothing always fits. A granted hold covers all debt, for
-- there was room beside it. outcome: granted, repeated (the owner's leg had its hold before), unbudgeted (the tenant has
-- no budget rows yet) or refused (then period and unit name the first budget without room, with what is used or held and
-- the limit).
create function place_hold(
    p_tenant uuid, p_hold uuid, p_owner uuid, p_leg integer, p_tokens bigint, p_micros bigint,
    p_lease timestamptz, p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out hold_id uuid, out tokens bigint, out micros bigint, out lease_expire_time timestamptz,
    out period text, out unit text, out spent bigint, out allowed bigint
)
language plpgsql as $$
#variable_conflict use_column
declare
    known holds%rowtype;
begin
    perform lock_budgets(p_tenant, p_day, p_month);
    select h.* into known from holds h where h.tenant_id = p_tenant and h.owner_id = p_owner and h.leg = p_leg;
    if found then
        outcome := 'repeated';
        hold_id := known.hold_id;
        tokens := known.tokens;
        micros := known.micros;
        lease_expire_time := known.lease_expire_time;
        return;
    end if;
    if not exists (select 1 from budgets b where b.tenant_id = p_tenant) then
        outcome := 'unbudgeted';
        return;
    end if;
    perform return_expired(p_tenant, p_now);
    select b.period, n.unit, n.spent, n.allowed into place_hold.period, place_hold.unit, place_hold.spent, place_hold.allowed
    from budgets b cross join lateral (values
        (1, 'tokens', p_tokens, b.used_tokens + b.held_tokens, b.limit_tokens),
        (2, 'micros', p_micros, b.used_micros + b.held_micros, b.limit_micros)
    ) as n (place, unit, need, spent, allowed)
    where b.tenant_id = p_tenant and b.hard and n.need > 0 and n.allowed > 0 and n.spent + n.need > n.allowed
    order by b.period, n.place limit 1;
    if found then
        outcome := 'refused';
        return;
    end if;
    update budgets b set
        held_tokens = b.held_tokens + p_tokens,
        held_micros = b.held_micros + p_micros,
        debt_tokens = case when p_tokens > 0 then 0 else b.debt_tokens end,
        debt_micros = case when p_micros > 0 then 0 else b.debt_micros end
    where b.tenant_id = p_tenant;
    insert into holds (hold_id, tenant_id, owner_id, leg, tokens, micros, lease_expire_time, state, create_time)
    values (p_hold, p_tenant, p_owner, p_leg, p_tokens, p_micros, p_lease, 'open', p_now);
    outcome := 'granted';
    hold_id := p_hold;
    tokens := p_tokens;
    micros := p_micros;
    lease_expire_time := p_lease;
end
$$;

-- Books what an owner really used against its holds and releases the holds it did not use. What no open hold covers is
-- debt, also when the lease had expired before. outcome: settled, repeated (nothing is booked again) or unknown (the
-- owner has no hold).
create function settle_holds(
    p_tenant uuid, p_owner uuid, p_legs integer[], p_tokens bigint[], p_micros bigint[],
    p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out used_tokens bigint, out used_micros bigint, out debt_tokens bigint, out held_tokens bigint
)
language plpgsql as $$
#variable_conflict use_column
declare
    v_held_micros bigint;
    v_debt_micros bigint;
begin
    perform lock_budgets(p_tenant, p_day, p_month);
    select s.tokens, s.micros, s.debt_tokens, 0
    into settle_holds.used_tokens, settle_holds.used_micros, settle_holds.debt_tokens, settle_holds.held_tokens
    from settlements s where s.tenant_id = p_tenant and s.owner_id = p_owner;
    if found then
        outcome := 'repeated';
        return;
    end if;
    if not exists (select 1 from holds h where h.tenant_id = p_tenant and h.owner_id = p_owner) then
        outcome := 'unknown';
        return;
    end if;
    with used as (
        select u.leg, sum(u.tokens)::bigint as tokens, sum(u.micros)::bigint as micros
        from unnest(p_legs, p_tokens, p_micros) as u (leg, tokens, micros) group by u.leg
    ), before as (
        select h.leg, h.tokens, h.micros from holds h
        where h.tenant_id = p_tenant and h.owner_id = p_owner and h.state = 'open'
    ), closed as (
        update holds h set
            state = case when u.leg is null then 'released' when h.state = 'open' then 'settled' else h.state end,
            used_tokens = coalesce(u.tokens, 0), used_micros = coalesce(u.micros, 0), close_time = p_now
        from holds own left join used u on u.leg = own.leg
        where own.hold_id = h.hold_id and h.tenant_id = p_tenant and h.owner_id = p_owner
            and (h.state = 'open' or u.leg is not null)
    )
    select
        coalesce(sum(u.tokens), 0), coalesce(sum(u.micros), 0),
        coalesce(sum(greatest(0, u.tokens - coalesce(b.tokens, 0))), 0),
        coalesce(sum(greatest(0, u.micros - coalesce(b.micros, 0))), 0),
        coalesce(sum(b.tokens), 0), coalesce(sum(b.micros), 0)
    into settle_holds.used_tokens, settle_holds.used_micros, settle_holds.debt_tokens, v_debt_micros,
        settle_holds.held_tokens, v_held_micros
    from used u full join before b on b.leg = u.leg;
    update budgets b set
        used_tokens = b.used_tokens + settle_holds.used_tokens,
        used_micros = b.used_micros + settle_holds.used_micros,
        held_tokens = b.held_tokens - settle_holds.held_tokens,
        held_micros = b.held_micros - v_held_micros,
        debt_tokens = b.debt_tokens + settle_holds.debt_tokens,
        debt_micros = b.debt_micros + v_debt_micros
    where b.tenant_id = p_tenant;
    insert into settlements (tenant_id, owner_id, tokens, micros, debt_tokens, settle_time)
    values (p_tenant, p_owner, settle_holds.used_tokens, settle_holds.used_micros, settle_holds.debt_tokens, p_now);
    outcome := 'settled';
end
$$;

alter table budgets enable row level security;
alter table budgets force row level security;
create policy tenant on budgets
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table holds enable row level security;
alter table holds force row level security;
create policy tenant on holds
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table receipts enable row level security;
alter table receipts force row level security;
create policy tenant on receipts
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table settlements enable row level security;
alter table settlements force row level security;
create policy tenant on settlements
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table levels enable row level security;
alter table levels force row level security;
create policy tenant on levels
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table tool_calls enable row level security;
alter table tool_calls force row level security;
create policy tenant on tool_calls
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table output_lengths enable row level security;
alter table output_lengths force row level security;
create policy tenant on output_lengths
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on budgets, holds, receipts, levels, tool_calls, output_lengths to :app;
grant select, insert on settlements to :app;
-- The worker only returns expired leases.
grant select, update on budgets, holds to :worker;
