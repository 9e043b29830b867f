-- What the pool itself says to the server.

-- name: begin
begin;

-- name: begin_for_tenant
-- One message of two statements, which can have no parameters: the pool puts the digits of a UUID in.
begin; set local soma.tenant_id = ':tenant';

-- name: commit
commit;

-- name: roll_back
rollback;

-- name: ping
select 1;
