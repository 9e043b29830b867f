-- Who moved a state can be taken back; a line of the log is never changed otherwise.
grant update (changed_by) on state_log to :app;
