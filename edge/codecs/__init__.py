"""The two forms of a WebSocket frame: JSON and binary."""
