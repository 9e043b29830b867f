-- What the processes of the mesh last said of what they depend on. It is worth a few seconds, so it is not logged: a server
-- that crashed begins without reports. Nothing here is a tenant's; only the worker of the governor reads and writes it.

create unlogged table health_reports (
    instance text primary key,
    house text not null,
    -- [[name, state, detail], …], state as soma.common.v1.DependencyState numbers it
    seen jsonb not null,
    report_time timestamptz not null,
    expire_time timestamptz not null
) with (fillfactor = 50);

alter table health_reports enable row level security;
alter table health_reports force row level security;

grant select, insert, update, delete on health_reports to :worker;
