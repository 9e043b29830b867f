-- The usage of turns.

-- name: add
insert into usage_turns (tenant_id, event_id, day, agent_id, outcome, input_tokens, cached_input_tokens, output_tokens,
                         reasoning_tokens, cost_micros)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant_id, event_id) do nothing

-- name: find_counted
select event_id from usage_turns where tenant_id = $1 and event_id = any($2::uuid[])

-- name: list_days
select day, agent_id, count(*) as turns, count(*) filter (where outcome = 'failed') as failed_turns,
  count(*) filter (where outcome = 'cancelled') as cancelled_turns, sum(input_tokens)::bigint as input_tokens,
  sum(cached_input_tokens)::bigint as cached_input_tokens, sum(output_tokens)::bigint as output_tokens,
  sum(reasoning_tokens)::bigint as reasoning_tokens, sum(cost_micros)::bigint as cost_micros
from usage_turns
where tenant_id = $1 and day between $2 and $3 and ($4 = '' or agent_id = $4) and (day, agent_id) > ($5, $6)
group by day, agent_id
order by day, agent_id
limit $7

-- name: sum_up
select count(*) as turns, count(*) filter (where outcome = 'failed') as failed_turns,
  count(*) filter (where outcome = 'cancelled') as cancelled_turns, coalesce(sum(input_tokens), 0)::bigint as input_tokens,
  coalesce(sum(cached_input_tokens), 0)::bigint as cached_input_tokens,
  coalesce(sum(output_tokens), 0)::bigint as output_tokens,
  coalesce(sum(reasoning_tokens), 0)::bigint as reasoning_tokens, coalesce(sum(cost_micros), 0)::bigint as cost_micros
from usage_turns
where tenant_id = $1 and day between $2 and $3 and ($4 = '' or agent_id = $4)
