"""Checks of passwords: how many at once, and what their time tells."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import bcrypt
import pytest

from strata_chassis.errors import ResourceExhausted
from strata_registry.adapters.password_checks import PasswordChecks, is_right
from strata_registry.core.authorization import Password

RIGHT = Password("me", "secret")


@pytest.fixture
def checks() -> Iterator[PasswordChecks]:
    with closing(PasswordChecks(most_waiting=2)) as made:
        yield made


@pytest.fixture
def htpasswd(tmp_path: Path) -> Path:
    path = tmp_path / "htpasswd"
    path.write_text(f"me:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    return path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (RIGHT, True),
        (Password("me", "guess"), False),
        (Password("you", "secret"), False),
        (Password("me", "s" * 73), False),
    ],
)
async def test_a_password_is_right_for_its_user_only(
    checks: PasswordChecks, htpasswd: Path, given: Password, *, expected: bool
) -> None:
    assert await checks.is_right(htpasswd, given) is expected


async def test_a_crowd_of_logins_is_told_to_come_back(checks: PasswordChecks, htpasswd: Path) -> None:
    found = await asyncio.gather(*(checks.is_right(htpasswd, RIGHT) for _ in range(5)), return_exceptions=True)
    assert [result for result in found if result is True] == [True, True]
    assert all(isinstance(result, ResourceExhausted) for result in found if result is not True)
    assert await checks.is_right(htpasswd, RIGHT)


def test_an_unknown_name_costs_a_comparison_too(htpasswd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(password: bytes, _: bytes) -> bool:
        compared.append(password)
        return True

    monkeypatch.setattr(bcrypt, "checkpw", compare)
    assert not is_right(htpasswd, Password("you", "secret"))
    assert compared == [b"secret"]
