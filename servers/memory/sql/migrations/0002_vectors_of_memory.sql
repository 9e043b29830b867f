-- Deleting a memory looks its vector up by its id alone: without this, through every vector of the tenant.

create index memory_vectors_of_memory on memory_vectors (tenant_id, memory_id);
