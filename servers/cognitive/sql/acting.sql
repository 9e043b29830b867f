-- name: find_session
select version, store_open, act_open, text_keys, texts, saliences, salient_counts, memory_ids, met_times, likenesses
from find_session($1, $2, $3, $4)

-- name: find_action
select body_hash, steps, answer, storing, done from find_action($1, $2, $3)

-- name: take_step
select take_step($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) as taken

-- name: end_storing
select end_storing($1, $2, $3, $4, $5, $6, $7, $8, $9) as ended

-- name: end_action
select body_hash, answer from end_action($1, $2, $3, $4, $5, $6, $7)

-- name: prune_sessions
delete from working_memories where update_time < $1

-- name: prune_actions
delete from actions where start_time < $1
