-- Rate limits: one row per tenant, subject and limit, holding the theoretical arrival time of the next request (GCRA).

create table rate_limits (
  tenant_id uuid not null,
  sub text not null,
  name text not null,
  arrival_time timestamptz not null,
  primary key (tenant_id, sub, name)
) with (fillfactor = 50);

alter table rate_limits enable row level security;
alter table rate_limits force row level security;
create policy tenant on rate_limits
  using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on rate_limits to :app;
grant select, insert, update, delete on rate_limits to :worker;
