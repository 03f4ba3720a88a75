"""No address is ever two containers'."""

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from strata_chassis.errors import Conflict, InvalidArgument, ResourceExhausted
from strata_runtime.core.network.addresses import AddressPool

SUBNET = IPv4Network("10.9.8.0/28")
GATEWAY = "10.9.8.1"


class Histories(RuleBasedStateMachine):
    """Takes, claims and releases in any order, against a plain set."""

    held = Bundle("held")

    def __init__(self):
        super().__init__()
        self.pool = AddressPool(SUBNET, (GATEWAY,))
        self.model = set()

    @rule(target=held)
    def take(self):
        if len(self.model) == 13:
            with pytest.raises(ResourceExhausted):
                self.pool.take()
            return ""
        address = self.pool.take()
        assert address not in self.model
        assert address not in {GATEWAY, "10.9.8.0", "10.9.8.15"}
        self.model.add(address)
        return address

    @rule(target=held, host=st.integers(0, 15))
    def claim(self, host):
        address = f"10.9.8.{host}"
        if host in {0, 15}:
            with pytest.raises(InvalidArgument):
                self.pool.claim(address)
            return ""
        if address in self.model or address == GATEWAY:
            with pytest.raises(Conflict):
                self.pool.claim(address)
            return ""
        self.model.add(self.pool.claim(address))
        return address

    @rule(address=consumes(held))
    def release(self, address):
        if address:
            self.pool.release(address)
            self.model.discard(address)

    @invariant()
    def agrees_with_the_model(self):
        assert self.pool.taken == self.model


def test_no_history_of_takes_claims_and_releases_gives_an_address_twice():
    run_state_machine_as_test(Histories)


def test_a_freed_address_is_given_again_only_after_a_full_round():
    pool = AddressPool(SUBNET, (GATEWAY,))
    first = pool.take()
    pool.release(first)
    others = [pool.take() for _ in range(12)]
    assert first not in others
    assert pool.take() == first


def test_the_gateway_cannot_be_released_into_the_pool():
    pool = AddressPool(SUBNET, (GATEWAY,))
    pool.release(GATEWAY)
    with pytest.raises(Conflict):
        pool.claim(GATEWAY)


@given(st.integers(2, 1000))
def test_an_ipv6_subnet_gives_addresses_however_large_it_is(count):
    pool = AddressPool(IPv6Network("fd00:1::/64"), ("fd00:1::1",))
    assert len({pool.take() for _ in range(count)}) == count


@pytest.mark.parametrize("wish", ["10.9.9.1", "fd00::1", "ten", "", "10.9.8.256", "10.9.8.3/28"])
def test_a_wish_that_is_no_address_of_the_subnet_is_refused(wish):
    with pytest.raises(InvalidArgument):
        AddressPool(SUBNET).claim(wish)
