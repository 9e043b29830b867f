-- Branches, queues and ratings.
select 1;
