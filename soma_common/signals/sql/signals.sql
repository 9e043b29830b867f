-- One statement for a batch, so that the lock that NOTIFY takes at commit is taken once.

-- name: notify
select pg_notify(s.channel, s.payload) from unnest($1::text[], $2::text[]) as s (channel, payload);

-- name: ping
select 1;
