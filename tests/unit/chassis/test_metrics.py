import asyncio
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis import metrics_endpoint, metrics_text
from strata_chassis.errors import Unavailable
from strata_chassis.metrics import Metrics


def filled(label="a", value=1.0):
    metrics = Metrics("probe")
    metrics.counter("pulls", 'Pulls, "all" of\nthem \\', ["image"]).labels(label).inc(abs(value))
    metrics.gauge("size_bytes", "Size.").set(value)
    metrics.histogram("seconds", "Time.", ["code"], buckets=(0.1, 1.0)).labels(label).observe(value)
    return metrics


def without_creation_times(text):
    return [line for line in text.decode().split("\n") if "_created" not in line]


@given(st.text(), st.floats())
def test_the_text_is_what_prometheus_client_itself_writes(label, value):
    from prometheus_client.exposition import generate_latest  # the oracle; heavy, hence not in the product

    metrics = filled(label.encode("utf-8", "ignore").decode(), value)
    expected = without_creation_times(generate_latest(metrics.registry))
    assert metrics.render().decode().split("\n") == expected


def test_names_begin_with_the_service():
    assert b"strata_probe_pulls_total{" in filled().render()


def test_measuring_does_not_load_http_servers():
    code = (
        "import sys, strata_chassis.service; print(sorted(m for m in sys.modules if m.startswith(('http', 'email'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.fixture
def ask(tmp_path):
    async def ask_endpoint(request):
        path = tmp_path / "metrics.sock"
        listener = metrics_endpoint.bind(f"unix://{path}")
        async with metrics_endpoint.serving(listener, filled()):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(request)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

    return ask_endpoint


async def test_a_scrape_gets_the_metrics(ask):
    head, _, body = (await ask(b"GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert metrics_text.CONTENT_TYPE.encode() in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"strata_probe_size_bytes 1.0" in body


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 405"),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 200"),
        (b"\r\n\r\n", b"HTTP/1.1 404"),
        (b"GET /metrics", b""),
        (b"\x00" * 100_000, b""),
    ],
)
async def test_other_requests_are_answered_or_dropped(ask, request_bytes, answer):
    assert (await ask(request_bytes))[:12] == answer


def test_a_port_in_use_is_unavailable():
    with metrics_endpoint.bind("tcp://127.0.0.1:0") as taken:
        taken.listen()
        with pytest.raises(Unavailable):
            metrics_endpoint.bind(f"tcp://127.0.0.1:{taken.getsockname()[1]}")
