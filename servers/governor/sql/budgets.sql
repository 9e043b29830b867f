-- Statements on budgets for people: which apply, which there are, what they allow. $1 is the tenant.

-- name: list_applying
select scoped_states($1, $2, $3, $4) as budgets;

-- name: set_scoped
select set_scoped_budget($1, $2, $3, $4, $5, $6, $7);

-- name: list_page
-- Everything with a limit: the tenant's, the templates, and each user, agent or conversation with a limit of its own or with
-- something counted under a template. The place of the last one of the page before is (scope's place, scope_id, period).
with keys as (
    select 1 as place, 'tenant' as scope, '' as scope_id, b.period from budgets b where b.tenant_id = $1
    union
    select array_position(array['tenant', 'user', 'agent', 'conversation'], b.scope), b.scope, b.scope_id, b.period
    from scoped_budgets b where b.tenant_id = $1
    union
    select array_position(array['tenant', 'user', 'agent', 'conversation'], c.scope), c.scope, c.scope_id, c.period
    from scoped_counters c where c.tenant_id = $1
)
select
    k.place, k.scope, k.scope_id, k.period, l.limit_tokens, l.limit_micros, l.hard,
    coalesce(b.window_start, c.window_start, 'epoch'::timestamptz) as window_start,
    coalesce(b.used_tokens, c.used_tokens, 0) as used_tokens, coalesce(b.used_micros, c.used_micros, 0) as used_micros,
    coalesce(b.held_tokens, c.held_tokens, 0) as held_tokens, coalesce(b.held_micros, c.held_micros, 0) as held_micros,
    coalesce(b.debt_tokens, c.debt_tokens, 0) as debt_tokens, coalesce(b.debt_micros, c.debt_micros, 0) as debt_micros
from keys k
left join budgets b on b.tenant_id = $1 and k.scope = 'tenant' and k.period <> 'turn' and b.period = k.period
left join scoped_counters c on c.tenant_id = $1 and c.scope = k.scope and c.scope_id = k.scope_id and c.period = k.period
cross join lateral (
    select b.limit_tokens, b.limit_micros, b.hard where b.period is not null
    union all
    select s.limit_tokens, s.limit_micros, s.hard from limit_of($1, k.scope, k.scope_id, k.period) s where b.period is null
) as l
where (l.limit_tokens > 0 or l.limit_micros > 0)
    and ($2::text is null or k.scope = $2) and ($3::text is null or k.scope_id = $3) and ($4::text is null or k.period = $4)
    and ($5::integer is null or (k.place, k.scope_id, k.period) > ($5, $6::text, $7::text))
order by k.place, k.scope_id, k.period
limit $8;
