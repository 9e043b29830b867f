-- The request of a turn as it was read, kept while the turn is not over: whoever goes on with it knows what was asked.
alter table turns add column request bytea;

-- A turn that is over has no request any more: its text stands in the messages. One that ended with calls for its client keeps
-- it: the turn that goes on with the results offers the same tools.
create function forget_request() returns trigger
language plpgsql as $$
begin
    if new.finish_reason <> 'tool_calls' or new.conversation_id is null then
        new.request := null;
    end if;
    return new;
end
$$;
create trigger forget_request before update of status on turns for each row
when (new.end_time is not null) execute function forget_request();
