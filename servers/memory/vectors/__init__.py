"""The index of vectors behind a port: a copy of what PostgreSQL holds, that follows it and can be made anew."""
