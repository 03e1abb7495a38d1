"""What a request means: route, admit, decode, call the pool, encode. Knows no Flask and no gRPC."""
