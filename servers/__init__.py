"""One house for each service; they speak gRPC and never import one another."""
