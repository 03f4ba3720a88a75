from datetime import UTC, datetime

import pytest

from strata_registry.core.retry import Failure, RetryPolicy, next_delay_s, parse_retry_after

POLICY = RetryPolicy(attempts=4, first_delay_s=1, longest_delay_s=3, longest_wait_s=60)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_delays_double_up_to_a_limit_and_attempts_end() -> None:
    assert [next_delay_s(Failure(), attempt, POLICY, jitter=1.0) for attempt in (1, 2, 3, 4)] == [1, 2, 3, None]


def test_jitter_takes_away_at_most_half() -> None:
    assert next_delay_s(Failure(), 1, POLICY, jitter=0.0) == 0.5


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert next_delay_s(Failure(status), 1, POLICY, 0.5) is not None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 416, 501])
def test_what_stays_is_not_tried_again(status: int) -> None:
    assert next_delay_s(Failure(status), 1, POLICY, 0.5) is None


def test_the_server_s_wish_is_obeyed_within_reason() -> None:
    assert next_delay_s(Failure(429, 30), 1, POLICY, 0.5) == 30
    assert next_delay_s(Failure(429, 61), 1, POLICY, 0.5) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("7", 7),
        ("Thu, 01 Jan 2026 00:00:09 GMT", 9),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("9" * 5000, 999_999_999),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, expected: float | None) -> None:
    assert parse_retry_after(header, NOW) == expected
