-- A person is erased: who it is for the length of a transaction, and what of it is found in values of each type.

-- Whom this transaction erases, and the name that stands in its place where a row stays; null in every other.
create function erased_person() returns text
language sql stable parallel safe
return nullif(current_setting('soma.erased_person', true), '');

create function erased_as() returns text
language sql stable parallel safe
return nullif(current_setting('soma.erased_as', true), '');

create function begin_erasing(p_person text, p_as text) returns void
language plpgsql as $$
begin
  perform set_config('soma.erased_person', p_person, true), set_config('soma.erased_as', p_as, true),
    set_config('statement_timeout', '240s', true);
end
$$;

-- A string as a field of a serialised message: its length before it.
create function as_field(p_value text) returns bytea
language sql immutable strict parallel safe
return case
  when octet_length(p_value) < 128 then set_byte('\x00', 0, octet_length(p_value))
  else set_byte(set_byte('\x0000', 0, octet_length(p_value) & 127 | 128), 1, octet_length(p_value) >> 7)
end || convert_to(p_value, 'UTF8');

-- Whether a value is the person's name or that of its namespace, or has such a value in it.
create function person_in(p_value text) returns boolean
language sql stable parallel safe
return coalesce(p_value in (erased_person(), 'user:' || erased_person()), false);

create function person_in(p_values text[]) returns boolean
language sql stable parallel safe
return coalesce(p_values && array[erased_person(), 'user:' || erased_person()], false);

create function person_in(p_value jsonb) returns boolean
language sql stable parallel safe
return coalesce(
  position(to_json(erased_person())::text in p_value::text) > 0
  or position(to_json('user:' || erased_person())::text in p_value::text) > 0
  -- headers of dead letters are written in hexadecimal digits
  or position(encode(convert_to(to_json(erased_person())::text, 'UTF8'), 'hex') in p_value::text) > 0, false);

create function person_in(p_value bytea) returns boolean
language sql stable parallel safe
return coalesce(
  position(as_field(erased_person()) in p_value) > 0 or position(as_field('user:' || erased_person()) in p_value) > 0, false);

-- The same value with the other name in it.
create function person_out(p_value text) returns text
language sql stable parallel safe
return case p_value when erased_person() then erased_as() when 'user:' || erased_person() then 'user:' || erased_as() else p_value end;

create function person_out(p_value jsonb) returns jsonb
language sql stable parallel safe
return replace(
  replace(p_value::text, to_json(erased_person())::text, to_json(erased_as())::text),
  to_json('user:' || erased_person())::text, to_json('user:' || erased_as())::text)::jsonb;

-- Whether words that somebody said have the name among them.
create function person_named_in(p_words text) returns boolean
language sql stable parallel safe
return coalesce(
  p_words ~* ('(^|[^[:alnum:]_])' || regexp_replace(erased_person(), '([^[:alnum:]])', '\\\1', 'g') || '($|[^[:alnum:]_])'), false);

create function person_named_in(p_words text[]) returns boolean
language sql stable parallel safe
return person_named_in(array_to_string(p_words, ' '));

create function person_named_in(p_words jsonb) returns boolean
language sql stable parallel safe
return person_named_in(p_words::text);

create function person_named_in(p_words bytea) returns boolean
language sql stable parallel safe
return person_named_in(encode(p_words, 'escape'));

-- Reads a table of the tenant whole: in how many rows a column of names has the person, and in how many others words do.
create function find_person(p_table text, p_names text[], p_words text[], out names bigint, out words bigint)
language plpgsql as $$
declare
  v_named text := coalesce((select string_agg(format('person_in(%I)', c), ' or ') from unnest(p_names) as n (c)), 'false');
  v_said text := coalesce((select string_agg(format('person_named_in(%I)', c), ' or ') from unnest(p_words) as w (c)), 'false');
begin
  execute format(
    'select count(*) filter (where f.named), count(*) filter (where not f.named and f.said) '
    'from (select %s as named, %s as said from %I) f', v_named, v_said, p_table
  ) into names, words;
end
$$;

-- What an erasure has done to each store so far; counted in the transaction that did it, so that a repeat loses nothing.
create table erased_rows (
  tenant_id uuid not null,
  erasure_id uuid not null,
  store text not null,
  amount bigint not null,
  erase_time timestamptz not null default clock_timestamp(),
  primary key (tenant_id, erasure_id, store)
);
alter table erased_rows enable row level security;
alter table erased_rows force row level security;
create policy tenant on erased_rows
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
grant select, insert, update on erased_rows to :app;
grant select, delete on erased_rows to :worker;

create function count_erased(p_tenant uuid, p_erasure uuid, p_store text, p_amount bigint) returns bigint
language sql as $$
  insert into erased_rows as e (tenant_id, erasure_id, store, amount) values (p_tenant, p_erasure, p_store, p_amount)
  on conflict (tenant_id, erasure_id, store) do update set amount = e.amount + excluded.amount
  returning amount
$$;

-- What was answered, counted and told can be taken back for a person; of an event only what names somebody.
grant delete on idempotency, rate_limits to :app;
grant update (payload, metadata) on events to :app;
