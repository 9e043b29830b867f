-- The book of applied migrations, one per schema.

-- name: hold
select pg_advisory_lock(hashtextextended('soma.migrate.' || $1, 0));

-- name: make_book
create table if not exists :schema.schema_migrations (
  origin text not null,
  version integer not null,
  name text not null,
  checksum text not null,
  applied_time timestamptz not null default clock_timestamp(),
  primary key (origin, version)
);
grant select on :schema.schema_migrations to :app, :worker;

-- name: list_applied
select origin, version, name, checksum from :schema.schema_migrations order by origin, version;

-- name: book_exists
select to_regclass($1) is not null;

-- name: note_applied
insert into :schema.schema_migrations (origin, version, name, checksum) values ($1, $2, $3, $4);
