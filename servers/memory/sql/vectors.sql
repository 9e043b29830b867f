-- Statements on the index of vectors in this database, each one round trip.

-- name: open_space
select open_vector_space($1, $2)

-- name: put
select put_vectors($1, $2, $3, $4, $5)

-- name: remove
select remove_vectors($1, $2, $3)

-- name: search
select memory_id, cosine from near_vectors($1, $2, $3, $4, $5, $6)

-- name: page
select memory_id, namespace, embedding from page_of_vectors($1, $2, $3, $4)

-- name: held
select memory_id from held_vectors($1, $2, $3)

-- name: drop
select drop_vectors($1, $2)
