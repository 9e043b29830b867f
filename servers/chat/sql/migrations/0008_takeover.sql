-- Turns that another process takes over, and those that wait for a person.
select 1;
