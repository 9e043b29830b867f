-- Turns that another process takes over, and those that no process holds: they wait for a person, or for their place.
alter table turns drop constraint turns_status_check;
alter table turns add constraint turns_status_check
    check (status in ('running', 'waiting', 'queued', 'completed', 'failed', 'cancelled', 'refused'));

-- how often another process took the turn over from one that was gone
alter table turns add column takeovers smallint not null default 0;
-- since when it runs, where that is not since it was made: a turn that waited or was queued has its whole time from then on
alter table turns add column running_since timestamptz;

create index turns_queued on turns (tenant_id, conversation_id, turn_id) where status = 'queued';

-- An epoch names one life of one process, whatever the process is called, so that a turn's epoch says alone who may write it.
create sequence lease_epochs as bigint;
select setval('lease_epochs', (select coalesce(max(epoch), 0) + 1 from instances));
grant usage on sequence lease_epochs to :worker;
