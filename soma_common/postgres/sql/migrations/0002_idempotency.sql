-- Answers to mutations that were done: a repeat with the same request_id gets the same bytes again.

create table idempotency (
  tenant_id uuid not null,
  sub text not null,
  method text not null,
  request_id uuid not null,
  body_hash bytea not null,
  response bytea not null,
  created_time timestamptz not null default clock_timestamp(),
  primary key (tenant_id, sub, method, request_id)
);
create index idempotency_by_age on idempotency (created_time);

alter table idempotency enable row level security;
alter table idempotency force row level security;
create policy tenant on idempotency
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert on idempotency to :app;
grant select, insert, delete on idempotency to :worker;
