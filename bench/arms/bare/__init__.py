"""The bare path: WebSocket, gRPC stream and model client by the mesh's libraries, and nothing of the mesh's work."""
