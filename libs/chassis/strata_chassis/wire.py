"""Channel arguments that both ends of a call agree on."""

MESSAGE_BYTES_LIMIT = 16 * 1024 * 1024
# Statuses with their details, and the request id; peers refuse more.
METADATA_BYTES_LIMIT = 64 * 1024

Options = tuple[tuple[str, int], ...]

COMMON: Options = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_LIMIT),
    ("grpc.max_send_message_length", MESSAGE_BYTES_LIMIT),
    ("grpc.max_metadata_size", METADATA_BYTES_LIMIT),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES_LIMIT),
)
SERVER: Options = (
    *COMMON,
    ("grpc.so_reuseport", 0),  # two servers on one port would share its calls by chance
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)
CLIENT: Options = (
    *COMMON,
    # A peer that restarts is found again within a second.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
