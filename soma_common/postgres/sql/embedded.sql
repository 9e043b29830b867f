-- Statements of the embedded server's own keeping.

-- name: set_superuser_password
alter role postgres password ':password';
