-- Throw-away databases of tests; the names are made by the fixtures.

-- name: hold
select pg_advisory_lock(7306371);

-- name: clone
create database :name template :template strategy file_copy;

-- name: drop
drop database if exists :name with (force);
