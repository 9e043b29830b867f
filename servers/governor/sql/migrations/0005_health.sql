-- Filled below.
select 1;
