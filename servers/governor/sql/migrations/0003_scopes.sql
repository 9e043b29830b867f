-- Budgets in scopes, rates, and holds that are booked before their owner is settled.

-- Budgets of users, agents and conversations, and what one turn may use at most (which has no counter: it is the sum over the
-- turn's own holds). The tenant's budgets of a day, a month and for ever stay in `budgets`. An empty scope_id is a template:
-- the limits of everybody in the scope who has no row of their own for the period.
create table scoped_budgets (
    tenant_id uuid not null,
    scope text not null check (scope in ('tenant', 'user', 'agent', 'conversation')),
    scope_id text not null check (length(scope_id) <= 256),
    period text not null check (period in ('turn', 'day', 'month', 'total')),
    limit_tokens bigint not null check (limit_tokens >= 0),
    limit_micros bigint not null check (limit_micros >= 0),
    hard boolean not null,
    primary key (tenant_id, scope, scope_id, period),
    check (limit_tokens > 0 or limit_micros > 0),
    check (scope <> 'tenant' or (scope_id = '' and period = 'turn'))
);

-- What was used and held under them, for each user, agent and conversation: from the first hold after the limit was set. They go
-- when no limit applies to them any more.
create table scoped_counters (
    counter_id bigint generated always as identity unique,
    tenant_id uuid not null,
    scope text not null,
    scope_id text not null,
    period text not null check (period in ('day', 'month', 'total')),
    window_start timestamptz not null,
    used_tokens bigint not null default 0 check (used_tokens >= 0),
    used_micros bigint not null default 0 check (used_micros >= 0),
    held_tokens bigint not null default 0 check (held_tokens >= 0),
    held_micros bigint not null default 0 check (held_micros >= 0),
    debt_tokens bigint not null default 0 check (debt_tokens >= 0),
    debt_micros bigint not null default 0 check (debt_micros >= 0),
    primary key (tenant_id, scope, scope_id, period)
) with (fillfactor = 50);

-- Until when a tenant (an empty subject) or a user has used up what a minute allows: the theoretical arrival time of GCRA.
create table rate_marks (
    tenant_id uuid not null,
    subject text not null,
    calls_until timestamptz not null,
    tokens_until timestamptz not null,
    primary key (tenant_id, subject)
) with (fillfactor = 50);

-- For whom a hold is, and in which counters it counts; a counter that began later never hears of it.
alter table holds
    add column is_turn boolean not null default false,
    add column user_sub text not null default '',
    add column agent_id uuid,
    add column conversation_id uuid,
    add column counters bigint[] not null default '{}',
    -- what was booked of it beyond what it held
    add column debt_tokens bigint not null default 0;

-- How many holds of the tenant are open, the same in each of its rows: counted as it changes.
alter table budgets add column open_holds integer not null default 0;
update budgets b set open_holds = (select count(*) from holds h where h.tenant_id = b.tenant_id and h.state = 'open');

-- Everything below is done under the lock of the tenant's budgets, as all of the ledger is: no two locks are ever waited for.

-- The limits of one user, agent or conversation: their own, else the template's.
create function limit_of(p_tenant uuid, p_scope text, p_scope_id text, p_period text) returns setof scoped_budgets
language sql stable as $$
    select b.* from scoped_budgets b
    where b.tenant_id = p_tenant and b.scope = p_scope and b.scope_id in (p_scope_id, '') and b.period = p_period
    order by b.scope_id desc limit 1;
$$;

-- All limits that apply to a call beside those in `budgets`, the tenant's first.
create function scoped_limits(p_tenant uuid, p_user text, p_agent uuid, p_conversation uuid)
returns table (
    place integer, scope text, scope_id text, period text, limit_tokens bigint, limit_micros bigint, hard boolean
)
language sql stable as $$
    select distinct on (s.place, b.period) s.place, s.scope, s.scope_id, b.period, b.limit_tokens, b.limit_micros, b.hard
    from (values
        (1, 'tenant', ''), (2, 'user', p_user), (3, 'agent', p_agent::text), (4, 'conversation', p_conversation::text)
    ) as s (place, scope, scope_id)
    join scoped_budgets b on b.tenant_id = p_tenant and b.scope = s.scope and b.scope_id in (s.scope_id, '')
    where s.scope = 'tenant' or s.scope_id <> ''
    order by s.place, b.period, b.scope_id desc;
$$;

-- The budgets that apply to a call beside those in `budgets`, as they would be after a hold; null where there are none at all.
create function scoped_states(p_tenant uuid, p_user text, p_agent uuid, p_conversation uuid) returns jsonb
language plpgsql stable as $$
begin
    if not exists (select from scoped_budgets b where b.tenant_id = p_tenant) then
        return null;
    end if;
    return (
        select jsonb_agg(jsonb_build_object(
            'scope', l.scope, 'scope_id', l.scope_id, 'period', l.period,
            'limit_tokens', l.limit_tokens, 'limit_micros', l.limit_micros, 'hard', l.hard,
            'window_start', coalesce(c.window_start, 'epoch'::timestamptz),
            'used_tokens', coalesce(c.used_tokens, 0), 'used_micros', coalesce(c.used_micros, 0),
            'held_tokens', coalesce(c.held_tokens, 0), 'held_micros', coalesce(c.held_micros, 0),
            'debt_tokens', coalesce(c.debt_tokens, 0), 'debt_micros', coalesce(c.debt_micros, 0)
        ) order by l.place, l.period)
        from scoped_limits(p_tenant, p_user, p_agent, p_conversation) l
        left join scoped_counters c
            on c.tenant_id = p_tenant and c.scope = l.scope and c.scope_id = l.scope_id and c.period = l.period
    );
end
$$;

-- Sets the limits of a user, an agent or a conversation, of all that have none of their own (an empty scope_id), or of each turn;
-- without any limit it removes them. Counters to which no limit applies any more go, so that a later limit begins at nothing.
create function set_scoped_budget(
    p_tenant uuid, p_scope text, p_scope_id text, p_period text, p_tokens bigint, p_micros bigint, p_hard boolean
) returns void
language plpgsql as $$
begin
    perform 1 from budgets where tenant_id = p_tenant order by period for update;
    if p_tokens = 0 and p_micros = 0 then
        delete from scoped_budgets b
        where b.tenant_id = p_tenant and b.scope = p_scope and b.scope_id = p_scope_id and b.period = p_period;
        delete from scoped_counters c
        where c.tenant_id = p_tenant and c.scope = p_scope and c.period = p_period
            and not exists (select from limit_of(p_tenant, c.scope, c.scope_id, c.period));
        return;
    end if;
    insert into scoped_budgets as b (tenant_id, scope, scope_id, period, limit_tokens, limit_micros, hard)
    values (p_tenant, p_scope, p_scope_id, p_period, p_tokens, p_micros, p_hard)
    on conflict (tenant_id, scope, scope_id, period) do update
    set limit_tokens = excluded.limit_tokens, limit_micros = excluded.limit_micros, hard = excluded.hard;
end
$$;

-- Starts the periods that have begun since, as lock_budgets does.
create function roll_counters(p_tenant uuid, p_counters bigint[], p_day timestamptz, p_month timestamptz) returns void
language plpgsql as $$
begin
    update scoped_counters c set
        window_start = case c.period when 'day' then p_day else p_month end,
        used_tokens = case when l.hard and l.limit_tokens > 0
            then least(c.debt_tokens, greatest(0, c.used_tokens - l.limit_tokens)) else 0 end,
        debt_tokens = case when l.hard and l.limit_tokens > 0
            then least(c.debt_tokens, greatest(0, c.used_tokens - l.limit_tokens)) else 0 end,
        used_micros = case when l.hard and l.limit_micros > 0
            then least(c.debt_micros, greatest(0, c.used_micros - l.limit_micros)) else 0 end,
        debt_micros = case when l.hard and l.limit_micros > 0
            then least(c.debt_micros, greatest(0, c.used_micros - l.limit_micros)) else 0 end
    from scoped_counters own
    left join lateral limit_of(own.tenant_id, own.scope, own.scope_id, own.period) l on true
    where own.tenant_id = p_tenant and own.counter_id = any(p_counters) and c.counter_id = own.counter_id
        and ((c.period = 'day' and c.window_start < p_day) or (c.period = 'month' and c.window_start < p_month));
end
$$;

-- Gives back the holds whose lease has expired, each once, in every counter they count in; answers how many.
create or replace function return_expired(p_tenant uuid, p_now timestamptz) returns integer
language plpgsql as $$
declare
    returned_count integer;
    returned_tokens bigint;
    returned_micros bigint;
begin
    with expired as (
        update holds set state = 'expired', close_time = p_now
        where tenant_id = p_tenant and state = 'open' and lease_expire_time <= p_now
        returning tokens, micros, counters
    ), scoped as (
        update scoped_counters c set held_tokens = c.held_tokens - s.tokens, held_micros = c.held_micros - s.micros
        from (
            select n.counter_id, sum(e.tokens)::bigint as tokens, sum(e.micros)::bigint as micros
            from expired e cross join lateral unnest(e.counters) as n (counter_id) group by n.counter_id
        ) as s
        where c.tenant_id = p_tenant and c.counter_id = s.counter_id
    )
    select count(*), coalesce(sum(tokens), 0), coalesce(sum(micros), 0)
    into returned_count, returned_tokens, returned_micros
    from expired;
    if returned_count > 0 then
        update budgets set
            held_tokens = held_tokens - returned_tokens, held_micros = held_micros - returned_micros,
            open_holds = open_holds - returned_count
        where tenant_id = p_tenant;
    end if;
    return returned_count;
end
$$;

-- The rate of the tenant or the user that a call would exceed, the one that takes longest; no row where none does. A minute's
-- worth may come at once and then as the minute passes (GCRA); a call that is larger than that never comes through.
create function rate_in_the_way(
    p_tenant uuid, p_user text, p_rates bigint[], p_tokens bigint, p_begins_turn boolean, p_now timestamptz
) returns table (scope text, unit text, spent bigint, allowed bigint, wait_seconds double precision)
language sql stable as $$
    with rules as (
        select r.* from (values
            (1, 'tenant', '', p_rates[1], p_rates[2], p_rates[3]), (2, 'user', p_user, p_rates[4], p_rates[5], p_rates[6])
        ) as r (place, scope, subject, calls, tokens, turns)
    ), paced as (
        select r.place, r.scope, u.unit, u.need as spent, u.allowed, u.need > u.allowed as is_hopeless, (
            extract(epoch from greatest(u.until, p_now) - p_now) + trunc(60e6 * u.need / u.allowed) / 1e6 - 60
        )::double precision as wait_seconds
        from rules r
        left join rate_marks m on m.tenant_id = p_tenant and m.subject = r.subject
        cross join lateral (values
            ('calls', least(p_tokens, 1), r.calls, m.calls_until), ('tokens', p_tokens, r.tokens, m.tokens_until)
        ) as u (unit, need, allowed, until)
        where u.need > 0 and u.allowed > 0
    ), running as (
        select r.place, r.scope, (
            select count(distinct h.owner_id) from holds h
            where h.tenant_id = p_tenant and h.state = 'open' and h.is_turn and (r.scope = 'tenant' or h.user_sub = p_user)
        ) as spent, r.turns
        from rules r where p_begins_turn and r.turns > 0
    )
    select p.scope, p.unit, p.spent, p.allowed, case when not p.is_hopeless then p.wait_seconds end
    from (
        select p.place, p.scope, p.unit, p.spent, p.allowed, p.is_hopeless, p.wait_seconds from paced p
        where p.wait_seconds > 0
        union all
        select r.place, r.scope, 'turns', r.spent, r.turns, false, null from running r where r.spent >= r.turns
    ) as p
    order by p.is_hopeless desc, p.wait_seconds desc nulls last, p.place
    limit 1;
$$;

-- Counts a call that was granted.
create function move_rates(p_tenant uuid, p_user text, p_rates bigint[], p_tokens bigint, p_now timestamptz) returns void
language plpgsql as $$
begin
    insert into rate_marks as m (tenant_id, subject, calls_until, tokens_until)
    select p_tenant, r.subject,
        p_now + make_interval(secs => case when r.calls > 0 then trunc(60e6 * least(p_tokens, 1) / r.calls) / 1e6 else 0 end),
        p_now + make_interval(secs => case when r.tokens > 0 then trunc(60e6 * p_tokens / r.tokens) / 1e6 else 0 end)
    from (values ('', p_rates[1], p_rates[2]), (p_user, p_rates[4], p_rates[5])) as r (subject, calls, tokens)
    where r.calls > 0 or r.tokens > 0
    on conflict (tenant_id, subject) do update set
        calls_until = greatest(m.calls_until, p_now) + (excluded.calls_until - p_now),
        tokens_until = greatest(m.tokens_until, p_now) + (excluded.tokens_until - p_now);
end
$$;

-- Checks and holds everything that bounds a call, or nothing: the tenant's budgets, those of its user, agent and conversation,
-- the turn's own, and the rates ([calls, tokens, turns at once] of the tenant, then of the user; 0 for none, null for no rates at
-- all). A hold that was closed without any use is taken anew. outcome as before, or limited: then scope and unit (calls, tokens or
-- turns) name the rate, and wait_seconds says for how long; null where waiting is of no use (tokens) or nobody knows (turns). For
-- a refused hold held_until says when the leases in its way end at the latest, null where more than leases stand in the way.
create function place_hold(
    p_tenant uuid, p_hold uuid, p_owner uuid, p_leg integer, p_tokens bigint, p_micros bigint,
    p_lease timestamptz, p_now timestamptz, p_day timestamptz, p_month timestamptz,
    p_is_turn boolean, p_user text, p_agent uuid, p_conversation uuid, p_rates bigint[],
    out outcome text, out hold_id uuid, out tokens bigint, out micros bigint, out lease_expire_time timestamptz,
    out scope text, out scope_id text, out period text, out unit text, out spent bigint, out allowed bigint,
    out wait_seconds double precision, out held_until timestamptz
)
language plpgsql as $$
#variable_conflict use_column
declare
    known holds%rowtype;
    owned holds%rowtype;
    counted bigint[] := '{}';
    is_scoped boolean;
    is_held boolean;
begin
    perform lock_budgets(p_tenant, p_day, p_month);
    select h.* into known from holds h where h.tenant_id = p_tenant and h.owner_id = p_owner and h.leg = p_leg;
    if known.hold_id is not null and (
        known.state = 'settled' or (known.state = 'open' and known.lease_expire_time > p_now)
        or known.used_tokens > 0 or known.used_micros > 0 or known.is_turn <> p_is_turn
        or exists (select from settlements s where s.tenant_id = p_tenant and s.owner_id = p_owner)
    ) then
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
    if exists (
        select from holds h where h.tenant_id = p_tenant and h.state = 'open' and h.lease_expire_time <= p_now
    ) then
        perform return_expired(p_tenant, p_now);
    end if;
    owned.user_sub := p_user;
    owned.agent_id := p_agent;
    owned.conversation_id := p_conversation;
    if p_is_turn and p_leg > 1 then
        -- What a further call belongs to was said with the first one.
        select h.* into owned from holds h where h.tenant_id = p_tenant and h.owner_id = p_owner order by h.leg limit 1;
        owned.user_sub := coalesce(nullif(owned.user_sub, ''), p_user);
    end if;
    is_scoped := exists (select from scoped_budgets b where b.tenant_id = p_tenant);
    if is_scoped then
        insert into scoped_counters (tenant_id, scope, scope_id, period, window_start)
        select p_tenant, l.scope, l.scope_id, l.period,
            case l.period when 'day' then p_day when 'month' then p_month else 'epoch'::timestamptz end
        from scoped_limits(p_tenant, owned.user_sub, owned.agent_id, owned.conversation_id) l
        where l.period <> 'turn' on conflict do nothing;
        select coalesce(array_agg(c.counter_id order by c.counter_id), '{}') into counted
        from scoped_limits(p_tenant, owned.user_sub, owned.agent_id, owned.conversation_id) l
        join scoped_counters c on c.tenant_id = p_tenant and c.scope = l.scope and c.scope_id = l.scope_id and c.period = l.period;
        perform roll_counters(p_tenant, counted, p_day, p_month);
    end if;
    -- As a rule nobody has budgets of their own and there is room: then nothing needs to be named.
    if is_scoped or exists (
        select from budgets b
        where b.tenant_id = p_tenant and b.hard and (
            (p_tokens > 0 and b.limit_tokens > 0 and b.used_tokens + b.held_tokens + p_tokens > b.limit_tokens)
            or (p_micros > 0 and b.limit_micros > 0 and b.used_micros + b.held_micros + p_micros > b.limit_micros)
        )
    ) then
        -- The one that refuses for longest is named, so that whoever comes back then is not refused by another one.
        select r.scope, r.scope_id, r.period, n.unit, n.used + n.held, n.allowed, n.used + n.need <= n.allowed and r.period <> 'turn'
        into place_hold.scope, place_hold.scope_id, place_hold.period, place_hold.unit, place_hold.spent, place_hold.allowed, is_held
        from (
            select 1 as place, 'tenant' as scope, '' as scope_id, b.period, b.limit_tokens, b.limit_micros, b.used_tokens,
                b.used_micros, b.held_tokens, b.held_micros
            from budgets b where b.tenant_id = p_tenant and b.hard
            union all
            select l.place, l.scope, l.scope_id, l.period, l.limit_tokens, l.limit_micros, c.used_tokens, c.used_micros,
                c.held_tokens, c.held_micros
            from scoped_limits(p_tenant, owned.user_sub, owned.agent_id, owned.conversation_id) l
            join scoped_counters c on c.tenant_id = p_tenant and c.scope = l.scope and c.scope_id = l.scope_id and c.period = l.period
            where is_scoped and l.hard
            union all
            select l.place, l.scope, l.scope_id, l.period, l.limit_tokens, l.limit_micros, o.used_tokens, o.used_micros,
                o.held_tokens, o.held_micros
            from scoped_limits(p_tenant, owned.user_sub, owned.agent_id, owned.conversation_id) l
            cross join (
                select coalesce(sum(h.used_tokens), 0)::bigint as used_tokens, coalesce(sum(h.used_micros), 0)::bigint as used_micros,
                    coalesce(sum(h.tokens) filter (where h.state = 'open'), 0)::bigint as held_tokens,
                    coalesce(sum(h.micros) filter (where h.state = 'open'), 0)::bigint as held_micros
                from holds h where is_scoped and h.tenant_id = p_tenant and h.owner_id = p_owner
            ) as o
            where is_scoped and l.hard and l.period = 'turn'
        ) as r
        cross join lateral (values
            (1, 'tokens', p_tokens, r.used_tokens, r.held_tokens, r.limit_tokens),
            (2, 'micros', p_micros, r.used_micros, r.held_micros, r.limit_micros)
        ) as n (place, unit, need, used, held, allowed)
        where n.need > 0 and n.allowed > 0 and n.used + n.held + n.need > n.allowed
        order by n.used + n.need <= n.allowed and r.period <> 'turn', array_position(array['total', 'turn', 'month', 'day'], r.period), r.place, n.place
        limit 1;
        if found then
            outcome := 'refused';
            if is_held then
                select max(h.lease_expire_time) into held_until from holds h where h.tenant_id = p_tenant and h.state = 'open';
            end if;
            return;
        end if;
    end if;
    if p_rates is not null then
        select r.scope, r.unit, r.spent, r.allowed, r.wait_seconds
        into place_hold.scope, place_hold.unit, place_hold.spent, place_hold.allowed, place_hold.wait_seconds
        from rate_in_the_way(p_tenant, owned.user_sub, p_rates, p_tokens, p_is_turn and p_leg = 1, p_now) r;
        if found then
            outcome := 'limited';
            return;
        end if;
        perform move_rates(p_tenant, owned.user_sub, p_rates, p_tokens, p_now);
    end if;
    update budgets b set
        held_tokens = b.held_tokens + p_tokens,
        held_micros = b.held_micros + p_micros,
        debt_tokens = case when p_tokens > 0 then 0 else b.debt_tokens end,
        debt_micros = case when p_micros > 0 then 0 else b.debt_micros end,
        open_holds = b.open_holds + 1
    where b.tenant_id = p_tenant;
    if counted <> '{}' then
        update scoped_counters c set
            held_tokens = c.held_tokens + p_tokens,
            held_micros = c.held_micros + p_micros,
            debt_tokens = case when p_tokens > 0 then 0 else c.debt_tokens end,
            debt_micros = case when p_micros > 0 then 0 else c.debt_micros end
        where c.tenant_id = p_tenant and c.counter_id = any(counted);
    end if;
    insert into holds as h (
        hold_id, tenant_id, owner_id, leg, tokens, micros, lease_expire_time, state, create_time, is_turn, user_sub, agent_id,
        conversation_id, counters
    ) values (
        coalesce(known.hold_id, p_hold), p_tenant, p_owner, p_leg, p_tokens, p_micros, p_lease, 'open', p_now, p_is_turn,
        owned.user_sub, owned.agent_id, owned.conversation_id, counted
    )
    on conflict (tenant_id, owner_id, leg) do update set
        tokens = excluded.tokens, micros = excluded.micros, lease_expire_time = excluded.lease_expire_time, state = 'open',
        counters = excluded.counters, close_time = null;
    outcome := 'granted';
    hold_id := coalesce(known.hold_id, p_hold);
    tokens := p_tokens;
    micros := p_micros;
    lease_expire_time := p_lease;
end
$$;

-- A hold for a further call of a turn, or for a call of a job, that nobody settled. outcome as place_hold has it, or settled (the
-- owner was) or unknown (a turn that was not planned, or a job under the id of one); then nothing was done.
create function hold_leg(
    p_tenant uuid, p_hold uuid, p_owner uuid, p_leg integer, p_tokens bigint, p_micros bigint,
    p_lease timestamptz, p_now timestamptz, p_day timestamptz, p_month timestamptz,
    p_is_turn boolean, p_user text, p_agent uuid, p_conversation uuid, p_rates bigint[],
    out outcome text, out hold_id uuid, out tokens bigint, out micros bigint, out lease_expire_time timestamptz,
    out scope text, out scope_id text, out period text, out unit text, out spent bigint, out allowed bigint,
    out wait_seconds double precision, out held_until timestamptz
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    -- Asked under the lock, so that what is seen here is what the hold is placed upon.
    perform lock_budgets(p_tenant, p_day, p_month);
    if exists (select from settlements s where s.tenant_id = p_tenant and s.owner_id = p_owner) then
        outcome := 'settled';
        return;
    end if;
    if p_is_turn <> exists (select from receipts r where r.tenant_id = p_tenant and r.turn_id = p_owner) then
        outcome := 'unknown';
        return;
    end if;
    select p.* into hold_leg.outcome, hold_leg.hold_id, hold_leg.tokens, hold_leg.micros, hold_leg.lease_expire_time,
        hold_leg.scope, hold_leg.scope_id, hold_leg.period, hold_leg.unit, hold_leg.spent, hold_leg.allowed,
        hold_leg.wait_seconds, hold_leg.held_until
    from place_hold(
        p_tenant, p_hold, p_owner, p_leg, p_tokens, p_micros, p_lease, p_now, p_day, p_month, p_is_turn, p_user, p_agent,
        p_conversation, p_rates
    ) p;
end
$$;

-- Books what legs of an owner used beyond what was booked of them before, and closes its holds: those of the legs that are
-- named, and of the others those up to p_last_leg (0 for all). What no open hold covers is debt, also when the lease had
-- expired before. Answers what is new. The budgets must be locked.
create function book_legs(
    p_tenant uuid, p_owner uuid, p_legs integer[], p_tokens bigint[], p_micros bigint[], p_last_leg integer,
    p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out used_tokens bigint, out used_micros bigint, out debt_tokens bigint, out debt_micros bigint,
    out held_tokens bigint, out held_micros bigint
)
language plpgsql as $$
#variable_conflict use_column
declare
    first holds%rowtype;
    v_counters bigint[];
    closed_count integer;
begin
    select h.* into first from holds h where h.tenant_id = p_tenant and h.owner_id = p_owner order by h.leg limit 1;
    select array_agg(n.counter_id) into v_counters
    from holds h cross join lateral unnest(h.counters) as n (counter_id)
    where h.tenant_id = p_tenant and h.owner_id = p_owner;
    if v_counters is not null then
        perform roll_counters(p_tenant, v_counters, p_day, p_month);
    end if;
    with used as (
        select u.leg, sum(u.tokens)::bigint as tokens, sum(u.micros)::bigint as micros
        from unnest(p_legs, p_tokens, p_micros) as u (leg, tokens, micros) group by u.leg
    ), lines as (
        select l.*, greatest(0, l.tokens - l.freed_tokens) as over_tokens, greatest(0, l.micros - l.freed_micros) as over_micros
        from (
            select h.hold_id, coalesce(h.leg, u.leg) as leg, u.leg is not null as named, h.state = 'open' as closes,
                coalesce(h.counters, first.counters) as counters,
                greatest(0, coalesce(u.tokens, 0) - coalesce(h.used_tokens, 0)) as tokens,
                greatest(0, coalesce(u.micros, 0) - coalesce(h.used_micros, 0)) as micros,
                case when h.state = 'open' then h.tokens else 0 end as freed_tokens,
                case when h.state = 'open' then h.micros else 0 end as freed_micros
            from used u full join (
                select o.* from holds o where o.tenant_id = p_tenant and o.owner_id = p_owner
            ) as h on h.leg = u.leg
            where u.leg is not null or (h.state = 'open' and (p_last_leg = 0 or h.leg <= p_last_leg))
        ) as l
    ), closed as (
        update holds h set
            state = case when not l.closes then h.state when l.named then 'settled' else 'released' end,
            used_tokens = h.used_tokens + l.tokens, used_micros = h.used_micros + l.micros,
            debt_tokens = h.debt_tokens + l.over_tokens, close_time = p_now
        from lines l
        where h.hold_id = l.hold_id and (l.closes or l.tokens > 0 or l.micros > 0)
    ), added as (
        insert into holds (
            hold_id, tenant_id, owner_id, leg, tokens, micros, lease_expire_time, state, used_tokens, used_micros, create_time,
            close_time, is_turn, user_sub, agent_id, conversation_id, counters, debt_tokens
        )
        select gen_random_uuid(), p_tenant, p_owner, l.leg, 0, 0, p_now, 'settled', l.tokens, l.micros, p_now,
            p_now, first.is_turn, first.user_sub, first.agent_id, first.conversation_id, first.counters, l.over_tokens
        from lines l where l.hold_id is null
    ), scoped as (
        update scoped_counters c set
            used_tokens = c.used_tokens + s.tokens, used_micros = c.used_micros + s.micros,
            held_tokens = c.held_tokens - s.freed_tokens, held_micros = c.held_micros - s.freed_micros,
            debt_tokens = c.debt_tokens + s.over_tokens, debt_micros = c.debt_micros + s.over_micros
        from (
            select n.counter_id, sum(l.tokens)::bigint as tokens, sum(l.micros)::bigint as micros,
                sum(l.freed_tokens)::bigint as freed_tokens, sum(l.freed_micros)::bigint as freed_micros,
                sum(l.over_tokens)::bigint as over_tokens, sum(l.over_micros)::bigint as over_micros
            from lines l cross join lateral unnest(l.counters) as n (counter_id) group by n.counter_id
        ) as s
        where c.tenant_id = p_tenant and c.counter_id = s.counter_id
    )
    select coalesce(sum(l.tokens), 0), coalesce(sum(l.micros), 0), coalesce(sum(l.over_tokens), 0),
        coalesce(sum(l.over_micros), 0), coalesce(sum(l.freed_tokens), 0), coalesce(sum(l.freed_micros), 0),
        count(*) filter (where l.closes)
    into book_legs.used_tokens, book_legs.used_micros, book_legs.debt_tokens, book_legs.debt_micros,
        book_legs.held_tokens, book_legs.held_micros, closed_count
    from lines l;
    update budgets b set
        used_tokens = b.used_tokens + book_legs.used_tokens,
        used_micros = b.used_micros + book_legs.used_micros,
        held_tokens = b.held_tokens - book_legs.held_tokens,
        held_micros = b.held_micros - book_legs.held_micros,
        debt_tokens = b.debt_tokens + book_legs.debt_tokens,
        debt_micros = b.debt_micros + book_legs.debt_micros,
        open_holds = b.open_holds - closed_count
    where b.tenant_id = p_tenant;
end
$$;

-- Books the legs that an owner made and gives back its other holds up to p_last_leg; the owner goes on later. Of an owner that
-- was settled nothing is left to do. outcome: released, settled (before) or unknown (the owner has no hold).
create function release_holds(
    p_tenant uuid, p_owner uuid, p_is_turn boolean, p_legs integer[], p_tokens bigint[], p_micros bigint[], p_last_leg integer,
    p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out used_tokens bigint, out held_tokens bigint
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    perform lock_budgets(p_tenant, p_day, p_month);
    used_tokens := 0;
    held_tokens := 0;
    if p_is_turn <> exists (select from receipts r where r.tenant_id = p_tenant and r.turn_id = p_owner)
        or not exists (select from holds h where h.tenant_id = p_tenant and h.owner_id = p_owner) then
        outcome := 'unknown';
        return;
    end if;
    if exists (select from settlements s where s.tenant_id = p_tenant and s.owner_id = p_owner) then
        outcome := 'settled';
        return;
    end if;
    select b.used_tokens, b.held_tokens into release_holds.used_tokens, release_holds.held_tokens
    from book_legs(p_tenant, p_owner, p_legs, p_tokens, p_micros, p_last_leg, p_now, p_day, p_month) b;
    outcome := 'released';
end
$$;

-- As before, for owners of which a part was booked already: used and debt are those of the owner's whole life.
create or replace function settle_holds(
    p_tenant uuid, p_owner uuid, p_legs integer[], p_tokens bigint[], p_micros bigint[],
    p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out used_tokens bigint, out used_micros bigint, out debt_tokens bigint, out held_tokens bigint
)
language plpgsql as $$
#variable_conflict use_column
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
    perform book_legs(p_tenant, p_owner, p_legs, p_tokens, p_micros, 0, p_now, p_day, p_month);
    select sum(h.used_tokens), sum(h.used_micros), sum(h.debt_tokens),
        sum(case when h.state in ('settled', 'released') then h.tokens else 0 end)
    into settle_holds.used_tokens, settle_holds.used_micros, settle_holds.debt_tokens, settle_holds.held_tokens
    from holds h where h.tenant_id = p_tenant and h.owner_id = p_owner;
    insert into settlements (tenant_id, owner_id, tokens, micros, debt_tokens, settle_time)
    values (p_tenant, p_owner, settle_holds.used_tokens, settle_holds.used_micros, settle_holds.debt_tokens, p_now);
    outcome := 'settled';
end
$$;

-- As before, with the count of open holds as it is kept.
create or replace function settle_owner(
    p_tenant uuid, p_owner uuid, p_legs integer[], p_tokens bigint[], p_micros bigint[],
    p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out used_tokens bigint, out used_micros bigint, out debt_tokens bigint, out held_tokens bigint,
    out receipt_id uuid, out model text, out lanes_planned integer[], out predicted_output_tokens integer,
    out settlement bytea, out budgets jsonb, out open_holds bigint
)
language plpgsql as $$
#variable_conflict use_column
begin
    perform enter_tenant(p_tenant);
    select s.outcome, s.used_tokens, s.used_micros, s.debt_tokens, s.held_tokens
    into settle_owner.outcome, settle_owner.used_tokens, settle_owner.used_micros, settle_owner.debt_tokens,
        settle_owner.held_tokens
    from settle_holds(p_tenant, p_owner, p_legs, p_tokens, p_micros, p_now, p_day, p_month) s;
    select r.receipt_id, r.model, r.lanes_planned, r.predicted_output_tokens, r.settlement
    into settle_owner.receipt_id, settle_owner.model, settle_owner.lanes_planned, settle_owner.predicted_output_tokens,
        settle_owner.settlement
    from receipts r where r.tenant_id = p_tenant and r.turn_id = p_owner;
    select jsonb_agg(to_jsonb(b) - 'tenant_id' order by b.period), max(b.open_holds)
    into settle_owner.budgets, settle_owner.open_holds
    from budgets b where b.tenant_id = p_tenant;
end
$$;

-- The release before this one holds without knowing for whom.
create or replace function place_hold(
    p_tenant uuid, p_hold uuid, p_owner uuid, p_leg integer, p_tokens bigint, p_micros bigint,
    p_lease timestamptz, p_now timestamptz, p_day timestamptz, p_month timestamptz,
    out outcome text, out hold_id uuid, out tokens bigint, out micros bigint, out lease_expire_time timestamptz,
    out period text, out unit text, out spent bigint, out allowed bigint
)
language plpgsql as $$
begin
    select p.outcome, p.hold_id, p.tokens, p.micros, p.lease_expire_time, p.period, p.unit, p.spent, p.allowed
    into place_hold.outcome, place_hold.hold_id, place_hold.tokens, place_hold.micros, place_hold.lease_expire_time,
        place_hold.period, place_hold.unit, place_hold.spent, place_hold.allowed
    from place_hold(
        p_tenant, p_hold, p_owner, p_leg, p_tokens, p_micros, p_lease, p_now, p_day, p_month, false, '', null, null, null
    ) p;
end
$$;

alter table scoped_budgets enable row level security;
alter table scoped_budgets force row level security;
create policy tenant on scoped_budgets
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table scoped_counters enable row level security;
alter table scoped_counters force row level security;
create policy tenant on scoped_counters
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table rate_marks enable row level security;
alter table rate_marks force row level security;
create policy tenant on rate_marks
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on scoped_budgets, scoped_counters to :app;
grant select, insert, update on rate_marks to :app;
-- The worker only returns expired leases.
grant select, update on scoped_counters to :worker;
