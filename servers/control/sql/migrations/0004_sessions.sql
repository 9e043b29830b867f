-- What was used up before it expired: one-use tickets, and sessions that were ended.

create table spent_proofs (
    tenant_id uuid not null,
    kind text not null check (kind in ('ticket', 'session')),
    proof_id text not null,
    request_id uuid not null,
    expire_time timestamptz not null,
    primary key (tenant_id, kind, proof_id)
);
create index spent_proofs_ends on spent_proofs (kind, expire_time);

alter table spent_proofs enable row level security;
alter table spent_proofs force row level security;
create policy own_rows on spent_proofs using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on spent_proofs to :app;
-- Every edge knows the ended sessions of all tenants, and what has expired is swept for all.
grant select, delete on spent_proofs to :worker;
