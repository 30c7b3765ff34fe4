"""XCLIENT: a trusted proxy says for whom it speaks; nobody else does, and nobody is signed in by it."""
import socket

import pytest

from conftest import end_site, make_site
from mail import HOST, Wire, letter, mark
from test_revoke import new_user

CLIENT = '192.0.2.55'
PER_ADDRESS = 3


@pytest.fixture(scope='module')
def site():
    made = make_site(options={'xclient_from': [HOST], 'limits.connections_per_address': str(PER_ADDRESS)}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def user(site):
    return new_user(site, 'reader')


class WireFrom(Wire):
    """A client with another address of the loopback network."""

    def __init__(self, address, port):
        self.socket, self.buffer = socket.create_connection((HOST, port), timeout=20, source_address=(address, 0)), b''


def greeted(wire):
    assert wire.reply()[0] == 220
    return b'\n'.join(wire.say('EHLO proxy.test')[1])


@pytest.mark.parametrize('service', ['smtp', 'submission'])
def test_strangers_are_not_believed(site, service):
    with WireFrom('127.0.0.2', site.ports[service]) as wire:
        assert b'XCLIENT' not in greeted(wire)
        code, lines = wire.say(f'XCLIENT ADDR={CLIENT}')
        assert code == 550 and lines[0].startswith(b'550 5.7.0')


def test_the_named_client_stands_in_received_and_may_name_no_other(site, user):
    subject = mark()
    with Wire(site.ports['smtp']) as wire:
        assert b'250-XCLIENT NAME ADDR PORT PROTO HELO' in greeted(wire)
        assert wire.say(f'XCLIENT ADDR={CLIENT} NAME=[UNAVAILABLE] PORT=4711')[0] == 220
        assert wire.say('MAIL FROM:<a@outside.test>')[0] == 503
        assert b'XCLIENT' not in b'\n'.join(wire.say('EHLO client.outside.test')[1])
        assert wire.say('XCLIENT ADDR=192.0.2.56')[0] == 550
        assert wire.say('MAIL FROM:<a@outside.test>')[0] == 250
        assert wire.say(f'RCPT TO:<{user["address"]}>')[0] == 250
        assert wire.say('DATA')[0] == 354
        assert wire.say(letter('a@outside.test', user['address'], subject) + b'.')[0] == 250
    raw, = site.find(user, subject)
    received = raw[raw.index(b'Received:'):].split(b'\r\nFrom:')[0]
    assert CLIENT.encode() in received and b'client.outside.test' in received and b'192.0.2.56' not in received


def test_the_named_client_counts_for_limits(site):
    wires = []
    try:
        while len(wires) < 100:
            wires.append(Wire(site.ports['smtp']))
            greeted(wires[-1])
            code, _ = wires[-1].say(f'XCLIENT ADDR={CLIENT}')
            if code == 421:
                break
            assert code == 220
        # The proxy itself holds more than one address may.
        assert code == 421 and len(wires) > PER_ADDRESS
        assert wires[-1].is_closed()
    finally:
        for wire in wires:
            wire.socket.close()


def test_nobody_is_signed_in_by_it(site, user):
    with Wire(site.ports['submissions'], site.tls()) as wire:
        greeted(wire)
        assert wire.say(f'XCLIENT ADDR=192.0.2.57 LOGIN={user["address"].replace("@", "+40")}')[0] == 220
        assert wire.say('EHLO client.test')[0] == 250
        assert wire.say(f'MAIL FROM:<{user["address"]}>')[0] == 530
