-- Which models answer in the place of one that cannot, in order. It may be a model of the settings, and so may they: no row of
-- model_profiles need exist, and one that is gone is passed over.
create table model_fallbacks (
    tenant_id uuid not null,
    profile_id text not null,
    fallback_ids text[] not null check (cardinality(fallback_ids) <= 8),
    primary key (tenant_id, profile_id),
    foreign key (tenant_id) references model_catalogues (tenant_id)
);

alter table model_fallbacks enable row level security;
alter table model_fallbacks force row level security;
create policy of_tenant on model_fallbacks using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on model_fallbacks to :app;
