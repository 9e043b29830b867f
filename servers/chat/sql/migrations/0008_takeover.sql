-- Turns that another process takes over, and those that no process holds: they wait for a person, or for their place.
-- how often another process took the turn over from one that was gone
alter table turns add column takeovers smallint not null default 0;
-- since when it runs, where that is not since it was made: a turn that waited or was queued has its whole time from then on
alter table turns add column running_since timestamptz;
-- What the turn has used, as a serialised settlement: written before every model call but the first, whose draft stands in the
-- journal. Its last call is the one that follows; what that one writes comes in the events after draft_sequence.
alter table turns add column draft bytea;
alter table turns add column draft_sequence integer not null default 0;
create function forget_draft() returns trigger
language plpgsql as $$
begin
    new.draft := null;
    return new;
end
$$;
create trigger forget_draft before update of status on turns for each row
when (new.end_time is not null and old.draft is not null) execute function forget_draft();

create index turns_queued on turns (tenant_id, conversation_id, turn_id) where status = 'queued';

-- An epoch names one life of one process, whatever the process is called, so that a turn's epoch says alone who may write it.
create sequence lease_epochs as bigint;
select setval('lease_epochs', (select coalesce(max(epoch), 0) + 1 from instances));
grant usage on sequence lease_epochs to :worker;
