-- What a superuser prepares once: roles, databases, schemas. Every statement may be repeated.

-- name: find_fingerprint
select shobj_description(oid, 'pg_database') from pg_database where datname = $1;

-- name: format_fingerprint
select format('comment on database %I is %L', $1::text, $2::text);

-- name: hold
select pg_advisory_lock(7306370);

-- name: release
select pg_advisory_unlock(7306370);

-- name: role_exists
select exists (select from pg_roles where rolname = $1);

-- name: format_create_role
select format('create role %I', $1::text);

-- name: format_owner
select format(
  'alter role %1$I login nosuperuser nocreatedb nocreaterole bypassrls password %2$L;'
  'alter role %1$I reset all; alter role %1$I set search_path = %3$s',
  $1::text, $2::text, $3::text);

-- name: format_app
select format(
  'alter role %1$I login nosuperuser nocreatedb nocreaterole nobypassrls password %2$L;'
  'alter role %1$I reset all; alter role %1$I set search_path = %3$s; alter role %1$I set statement_timeout = ''15s'';'
  'alter role %1$I set lock_timeout = ''5s''; alter role %1$I set idle_in_transaction_session_timeout = ''15s''',
  $1::text, $2::text, $3::text);

-- name: format_worker
-- What a worker asks again and again is bounded by limits, not by values: planning it anew costs more than running it.
select format(
  'alter role %1$I login nosuperuser nocreatedb nocreaterole bypassrls password %2$L;'
  'alter role %1$I reset all; alter role %1$I set search_path = %3$s; alter role %1$I set statement_timeout = ''30s'';'
  'alter role %1$I set lock_timeout = ''5s''; alter role %1$I set idle_in_transaction_session_timeout = ''15s'';'
  'alter role %1$I set plan_cache_mode = force_generic_plan',
  $1::text, $2::text, $3::text);

-- name: database_exists
select exists (select from pg_database where datname = $1);

-- name: format_create_database
select format('create database %I template template0 encoding ''UTF8''', $1::text);

-- name: format_close_database
select format('revoke all on database %1$I from public', $1::text);

-- name: format_connect
select format('grant connect on database %I to %I', $1::text, $2::text);

-- name: close_public
revoke all on schema public from public;

-- name: format_schema
-- The owner is set again: a schema may be older than the role that owns it now.
select format('create schema if not exists %1$I authorization %2$I; alter schema %1$I owner to %2$I', $1::text, $2::text);

-- name: format_usage
select format('grant usage on schema %I to %I', $1::text, $2::text);

-- name: create_vector
create extension if not exists vector schema public;

-- name: format_public_usage
select format('grant usage on schema public to %I, %I, %I', $1::text || '_owner', $1::text || '_app', $1::text || '_worker');
