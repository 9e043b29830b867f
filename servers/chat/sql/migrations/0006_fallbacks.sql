-- Which models answer in the place of one that cannot.
select 1;
