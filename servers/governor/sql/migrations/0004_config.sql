-- What a tenant has set of its governor, in versions that never change; and levels that recover as time passes.

-- A tenant without a row has what comes with the system. config is a whole soma.governor.v1.GovernorConfig.
create table configurations (
    tenant_id uuid not null,
    version integer not null check (version >= 1),
    config bytea not null,
    changed_by text not null,
    comment text not null,
    create_time timestamptz not null,
    -- the version whose values it has again, 0 for those that come with the system
    restores_version integer,
    changed_fields text[] not null,
    primary key (tenant_id, version)
);

alter table configurations enable row level security;
alter table configurations force row level security;
create policy tenant on configurations
    using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert on configurations to :app;
-- The worker looks at the levels that are watched, of all tenants at once.
grant select on configurations, levels to :worker;

alter table levels
    -- when the last good check counted, and since when the level holds
    add column check_time timestamptz,
    add column change_time timestamptz,
    -- [[name, state, detail], …]: what the tenant's last turn saw that demands a level, and when
    add column sights jsonb not null default '[]',
    add column sight_time timestamptz;

create function newest_configuration(p_tenant uuid) returns setof configurations
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return query select c.* from configurations c where c.tenant_id = p_tenant order by c.version desc limit 1;
end
$$;

-- The version of the configuration that holds, and the level's row or null. The tenant must have been entered.
create function standing_of(p_tenant uuid) returns jsonb
language sql stable as $$
    select jsonb_build_object(
        'config_version', coalesce((select max(c.version) from configurations c where c.tenant_id = p_tenant), 0),
        'level', (select to_jsonb(l) - 'tenant_id' from levels l where l.tenant_id = p_tenant)
    );
$$;

-- What the level of a tenant depends on besides the health of the mesh.
create function level_basis(p_tenant uuid) returns jsonb
language plpgsql as $$
begin
    perform enter_tenant(p_tenant);
    return standing_of(p_tenant) || jsonb_build_object(
        'budgets',
        (select jsonb_agg(to_jsonb(b) - 'tenant_id' order by b.period) from budgets b where b.tenant_id = p_tenant)
    );
end
$$;
