"""What the bus between workers counts, for /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

CONNECTED = Gauge(
    "promptroom_bus_connected",
    "1 while this worker and the others hear each other",
    multiprocess_mode="livemin",
)
PUBLISHED = Counter("promptroom_bus_published", "Payloads handed to Redis for other workers")
RECEIVED = Counter("promptroom_bus_received", "Payloads heard from other workers")
DROPPED = Counter("promptroom_bus_dropped", "Payloads given up because too many were waiting")
RECONNECTS = Counter("promptroom_bus_reconnects", "Connections made after one was lost")
GAPS = Counter("promptroom_bus_gaps", "Times at which payloads may have been missed")
