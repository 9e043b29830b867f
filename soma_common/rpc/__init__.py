"""The one way to serve and to call: server, client channel, interceptors, status and health."""
