-- The log of facts.

-- name: append
select sequence, event_time from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);
