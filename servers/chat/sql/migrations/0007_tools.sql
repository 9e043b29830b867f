-- Calls of tools, their effects, and who must consent to them.
select 1;
