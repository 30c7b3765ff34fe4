"""Guessing is slow for the one who guesses, tells nothing, and does not lock out the owner."""
import socket

import pytest

from conftest import end_site, make_site
from mail import HOST, Wire
from test_revoke import new_user
from test_signin import scram


@pytest.fixture(scope='module')
def limited():
    made = make_site({'auth': {'failure_delay': '0s'}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def unlimited():
    made = make_site({'auth': {'failure_delay': '0s'}, 'limits': {'logins_per_minute': 0}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


class WireFrom(Wire):
    """A client with another address of the loopback network."""

    def __init__(self, address, site):
        plain = socket.create_connection((HOST, site.ports['imaps']), timeout=20, source_address=(address, 0))
        self.socket, self.buffer = site.tls().wrap_socket(plain), b''
        self.line()


def sign_in(site, address, user, password):
    with WireFrom(address, site) as wire:
        return wire.tagged('a', f'LOGIN {user} {password}')[0]


def test_guesses_from_one_address_throttle_that_address_only(limited):
    user = new_user(limited, 'owner')
    for number in range(30):
        assert b'AUTHENTICATIONFAILED' in sign_in(limited, '127.0.0.2', user['address'], f'guess-{number}')
    assert b' NO [LIMIT]' in sign_in(limited, '127.0.0.2', user['address'], user['password'])
    with WireFrom('127.0.0.2', limited) as wire:
        assert b' NO' in scram(wire, user, user['password'])
    assert b' OK' in sign_in(limited, '127.0.0.1', user['address'], user['password'])
    assert b' OK' in sign_in(limited, '127.0.0.3', user['address'], user['password'])


def by_plain(wire, name, number):
    return wire.tagged('a', f'LOGIN {name} wrong-password-{number}')[0]


def by_scram(wire, name, number):
    return scram(wire, {'address': name}, f'wrong-{number}')


@pytest.mark.parametrize('attempt', [by_plain, by_scram])
def test_a_refusal_does_not_tell_who_exists(unlimited, attempt):
    """The same answers word for word; that both paths do the same work is tested in src/auth, its time is measured by bench/refusals.py."""
    user = new_user(unlimited, f'known-{attempt.__name__.replace("_", "-")}')
    answers = []
    for name in (user['address'], 'nobody.here@demo.test'):
        with WireFrom('127.0.0.1', unlimited) as wire:
            answers.append(attempt(wire, name, 'guess'))
    assert answers[0] == answers[1] and b' NO' in answers[0]

