-- The model profiles that a tenant made, and which model is its default. Keys are never here: key_id is part of the name under
-- which the store of secrets has one.

-- One row a tenant that ever changed something: its version rises with every change, so that processes see that their copy is old.
create table model_catalogues (
    tenant_id uuid primary key,
    version bigint not null check (version > 0),
    -- null, or a profile that is gone: the default of the settings
    default_profile_id text,
    update_time timestamptz not null
);

create table model_profiles (
    tenant_id uuid not null,
    profile_id text not null check (profile_id ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
    provider text not null,
    model text not null,
    -- null: the provider's own address
    base_url text,
    window_tokens integer not null check (window_tokens between 1024 and 100000000),
    max_output_tokens integer not null check (max_output_tokens between 16 and window_tokens / 2),
    -- micros per million tokens
    price_input bigint not null check (price_input >= 0),
    price_cached_input bigint not null check (price_cached_input >= 0),
    price_output bigint not null check (price_output >= 0),
    price_reasoning bigint not null check (price_reasoning >= 0),
    tools boolean not null,
    tokenizer text not null,
    key_id uuid,
    version bigint not null,
    create_time timestamptz not null,
    update_time timestamptz not null,
    primary key (tenant_id, profile_id),
    foreign key (tenant_id) references model_catalogues (tenant_id)
);

alter table model_catalogues enable row level security;
alter table model_catalogues force row level security;
create policy of_tenant on model_catalogues using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);
alter table model_profiles enable row level security;
alter table model_profiles force row level security;
create policy of_tenant on model_profiles using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update on model_catalogues to :app;
grant select, insert, update, delete on model_profiles to :app;

-- which copies are old, over all tenants
grant select on model_catalogues to :worker;
