-- What model calls were made from beside words and memories: the options of the request, the tools that it could offer, the
-- profiles and bounds. One row for all calls that have the same; receipts name it by its digest. No prompt is stored.
create table prompt_bases (
    tenant_id uuid not null,
    -- SHA-256 of the body
    digest bytea not null check (octet_length(digest) = 32),
    body bytea not null,
    -- the one conversation whose client's words it holds, and with which it is erased
    conversation_id uuid,
    -- the last day on which a turn had it
    use_time timestamptz not null,
    primary key (tenant_id, digest)
);
create index prompt_bases_by_use on prompt_bases (use_time);
create index prompt_bases_by_conversation on prompt_bases (tenant_id, conversation_id) where conversation_id is not null;

alter table prompt_bases enable row level security;
alter table prompt_bases force row level security;
create policy of_tenant on prompt_bases using (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('soma.tenant_id', true), '')::uuid);

grant select, insert, update, delete on prompt_bases to :app;
grant select, delete on prompt_bases to :worker;
