"""`spanledger collect`: OTLP/HTTP, OTLP/gRPC and sealed segments in, durable record files in the landing zone out."""
