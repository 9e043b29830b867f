-- name: count_lines
select
    (select count(*) from state_log l
     where l.tenant_id = t.id and l.agent_id = $1 and l.version <= $2) as lines,
    (select coalesce(max(l.version), 0) from state_log l
     where l.tenant_id = t.id and l.agent_id = $1 and l.version <= $2) as newest,
    (select l.state from sleep_log l
     where l.tenant_id = t.id and l.agent_id = $1 and l.version = $3) as sleep_state,
    (select count(*) from agent_namespaces n where n.tenant_id = t.id and n.agent_id = $1) as places
from (select nullif(current_setting('soma.tenant_id', true), '')::uuid as id) t
