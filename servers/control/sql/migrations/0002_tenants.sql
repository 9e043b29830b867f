-- The tenants of the installation, who belongs to them, and the API keys of their programs.

create table tenants (
    tenant_id uuid primary key,
    -- whose administrators look after it: the tenant that runs the installation
    managed_by uuid not null,
    name text not null,
    display_name text not null,
    version integer not null default 1,
    created_by text not null,
    create_time timestamptz not null,
    update_time timestamptz not null,
    unique (managed_by, name)
);

create table members (
    tenant_id uuid not null references tenants (tenant_id),
    sub text not null,
    role text not null check (role in ('viewer', 'member', 'operator', 'admin')),
    create_time timestamptz not null,
    primary key (tenant_id, sub)
);

-- hash and previous_hash are Argon2id in the PHC form; the text of a key is nowhere.
create table api_keys (
    key_id text primary key,
    tenant_id uuid not null,
    name text not null,
    sub text not null,
    role text not null check (role in ('viewer', 'member', 'operator', 'admin')),
    scopes text[] not null,
    hash text not null,
    previous_hash text,
    previous_expire_time timestamptz,
    created_by text not null,
    create_time timestamptz not null,
    expire_time timestamptz,
    last_used_time timestamptz,
    rotate_time timestamptz,
    revoke_time timestamptz
);
create index api_keys_newest on api_keys (tenant_id, create_time desc, key_id desc);

alter table tenants enable row level security;
alter table tenants force row level security;
create policy managed_rows on tenants using (managed_by = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (managed_by = nullif(current_setting('soma.tenant_id', true), '')::uuid);
create policy own_row on tenants for select using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

-- Whoever sees a tenant sees its members.
alter table members enable row level security;
alter table members force row level security;
create policy rows_of_seen_tenants on members using (tenant_id in (select tenant_id from tenants))
    with check (tenant_id in (select tenant_id from tenants));

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy own_rows on api_keys using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on tenants, members, api_keys to :app;
-- A key is found before it is known whose it is.
grant select on api_keys to :worker;
grant update (last_used_time) on api_keys to :worker;
