"""The settings of the gRPC runtime, for servers and for channels.

Nothing here opens a socket.
"""

import json
from typing import Final

Options = list[tuple[str, str | int]]

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
MESSAGE_LIMIT: Final = "8 MiB"
# Messages up to twice our limit still reach us, so that the refusal can be ours and say why.
_MAX_TRANSPORT_BYTES: Final = 2 * MAX_MESSAGE_BYTES
_MAX_METADATA_BYTES: Final = 16 * 1024
_MAX_CONCURRENT_STREAMS: Final = 100
_CONNECTION_AGE_MS: Final = 30 * 60 * 1000
# At least the longest turn: an old connection is closed gently, but its streams may finish.
_CONNECTION_AGE_GRACE_MS: Final = 60 * 60 * 1000

_SERVICE_CONFIG: Final = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.2},
}


def server_options() -> Options:
    """One port per process, bounded streams and messages, connections that age, pings that may be sent."""
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_concurrent_streams", _MAX_CONCURRENT_STREAMS),
        ("grpc.max_receive_message_length", _MAX_TRANSPORT_BYTES),
        ("grpc.max_send_message_length", _MAX_TRANSPORT_BYTES),
        ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
        ("grpc.max_connection_age_ms", _CONNECTION_AGE_MS),
        ("grpc.max_connection_age_grace_ms", _CONNECTION_AGE_GRACE_MS),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 3),
    ]


def channel_options() -> Options:
    """A connection of its own per channel, quick reconnects, repeats of what never reached a server."""
    return [
        ("grpc.enable_retries", 1),
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_receive_message_length", _MAX_TRANSPORT_BYTES),
        ("grpc.max_send_message_length", _MAX_TRANSPORT_BYTES),
        ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
    ]
