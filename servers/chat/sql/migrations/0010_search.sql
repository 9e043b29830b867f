-- Words of messages, titles, and conversations that come from elsewhere.
select 1;
