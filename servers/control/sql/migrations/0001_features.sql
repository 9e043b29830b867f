-- Feature flags that somebody set. The system tenant's rows hold for every tenant that has none of its own.

create table features (
    tenant_id uuid not null,
    name text not null,
    enabled boolean not null,
    updated_by text not null,
    update_time timestamptz not null,
    primary key (tenant_id, name)
);

alter table features enable row level security;
alter table features force row level security;
-- A tenant reads the global rows too, and writes only its own.
create policy own_rows on features using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy global_rows on features for select using (tenant_id = '00000000-0000-7000-8000-000000000001'::uuid);

grant select, insert, update on features to :app;
grant select on features to :worker;
