-- What is kept of events, and for how long.

-- name: make_partitions
select make_event_partitions($1, $2);

-- name: drop_old
select drop_old_events($1);

-- name: sweep_letters
delete from dead_letters where status = 'discarded' and last_time < clock_timestamp() - make_interval(secs => $1);
