-- Who made a version, and what they said of it, can be taken back; its values are never changed. Marks of rates go whole.
grant update (changed_by, comment) on configurations to :app;
grant delete on rate_marks to :app;
