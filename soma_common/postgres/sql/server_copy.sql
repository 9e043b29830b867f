-- What a copy of the whole server needs of it besides the copy itself.

-- name: keep_log
-- The log from here on stays until this session ends, however long the copy takes.
select pg_create_physical_replication_slot($1, true, true);

-- name: size
select sum(pg_database_size(oid))::bigint from pg_database;
