"""Counts for Prometheus: requests by route and how the outlet is; never an address or a token."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from digest import pipeline
from digest.app import App

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "digest_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "digest_http_seconds",
            "Time to answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._ok = Gauge("digest_ok", "1 when /healthz is green.", registry=self._registry)
        self._editions = Gauge(
            "digest_editions", "Editions by state.", ("state",), registry=self._registry
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def shown(self, app: App) -> bytes:
        """Return everything in Prometheus' text format."""
        facts = pipeline.health(app)
        self._ok.set(1 if facts["ok"] else 0)
        for state in ("held", "sending", "paused"):
            found = facts.get(state)
            self._editions.labels(state).set(len(found) if isinstance(found, list) else 0)
        return generate_latest(self._registry)
