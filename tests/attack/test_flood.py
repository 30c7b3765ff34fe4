"""A flood of wrong passwords, and peers that claim to speak for somebody else."""
import concurrent.futures
import contextlib
import socket
import ssl
import threading
import time

import pytest

from attacker import DOMAIN, HOST, PASSWORD, Place, Wire

CONNECTIONS = 300
WAITING_MAX = 1000  # KEK_WAITING_MAX of src/auth/kek.h
PROXY, CLAIMED = '127.0.0.9', '192.0.2.77'


class WireFrom(Wire):
    """A client with another address of the loopback network; what is sent `first` stands before TLS."""

    def __init__(self, address, port, tls=None, first=b''):
        self.socket, self.buffer = socket.create_connection((HOST, port), timeout=60, source_address=(address, 0)), b''
        self.socket.sendall(first)
        if tls:
            self.socket = tls.wrap_socket(self.socket)


# ---- Argon2id ----

@pytest.fixture(scope='module')
def flooded():
    """Where neither address nor delay stops who guesses: only the limits of the work itself."""
    made = Place({'auth': {'failure_delay': '0s'}, 'limits': {'logins_per_minute': 0, 'connections_per_address': 2000}}, seed=False)
    made.instance.cli('domain', 'add', DOMAIN)
    made.owner = made.add_user('owner', PASSWORD)
    yield made
    made.end()


def guess(place, number, end):
    """Wrong passwords on one connection after the other until the end; what was answered."""
    answers = set()
    while not end.is_set():
        with contextlib.suppress(EOFError, OSError), WireFrom(f'127.0.1.{number % 250 + 1}', place.ports['imaps'], place.tls()) as wire:
            wire.line()
            while not end.is_set():
                line, _ = wire.tagged('a', f'LOGIN nobody{number}@{DOMAIN} wrong-{number}')
                answers.add(line.split(b' ')[1])
    return answers


def hashing(place):
    """How many passwords wait for their turn; a role that is busy is shown without details, so it is asked again."""
    end = time.monotonic() + 60
    while True:
        status = next(r for r in place.instance.cli('status')['roles'] if r['role'] == 'auth')['status']
        if 'hashing_waits' in status:
            return status['hashing_waits']
        assert time.monotonic() < end, 'auth tells nothing of itself'


def test_a_flood_of_wrong_passwords_stops_nobody_and_its_work_is_bounded(flooded):
    end, owner = threading.Event(), {'address': flooded.owner.address, 'password': PASSWORD}
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        flood = [pool.submit(guess, flooded, number, end) for number in range(CONNECTIONS)]
        try:
            seen, until = [0], time.monotonic() + 60
            while seen[-1] == 0:
                assert time.monotonic() < until, 'there is no flood'
                seen.append(hashing(flooded))
            for _ in range(3):  # somebody with the right password, from an address of his own
                tries = 0
                while not signs_in(flooded, owner):
                    tries += 1
                    assert tries < 50, 'nobody gets in any more'
                seen.append(hashing(flooded))
        finally:
            end.set()
        answers = set().union(*(f.result() for f in flood))
    assert max(seen) <= WAITING_MAX
    assert answers == {b'NO'}
    assert signs_in(flooded, owner)


def signs_in(place, user):
    with WireFrom('127.0.0.1', place.ports['imaps'], place.tls()) as wire:
        wire.line()
        return b' OK' in wire.tagged('a', f'LOGIN {user["address"]} {user["password"]}')[0]


# ---- who speaks for whom ----

@pytest.fixture(scope='module')
def proxied():
    made = Place({'proxy_from': [PROXY], 'xclient_from': [PROXY]}, seed=False)
    made.instance.cli('domain', 'add', DOMAIN)
    made.add_user('reader', PASSWORD)
    yield made
    made.end()


V1 = f'PROXY TCP4 {CLAIMED} 192.0.2.1 4711 25\r\n'.encode()
V2 = (b'\r\n\r\n\0\r\nQUIT\n' + b'\x21\x11\0\x0c' + socket.inet_aton(CLAIMED) + socket.inet_aton('192.0.2.1') + b'\x12\x67\0\x19')


def log_lines(place, *words):
    return [line for line in place.log().splitlines() if all(word in line for word in words)]


@pytest.mark.parametrize('header', [V1, V2], ids=['v1', 'v2'])
def test_the_proxy_in_the_list_names_the_client(proxied, header):
    for service, tls in (('smtp', None), ('imaps', proxied.tls())):
        with WireFrom(PROXY, proxied.ports[service], tls, header) as wire:
            assert wire.line()[:4] in (b'220 ', b'* OK')
            wire.say('XCLIENT ADDR=192.0.2.78') if service == 'smtp' else None  # the client is no proxy
    assert log_lines(proxied, 'conn.', CLAIMED)
    assert log_lines(proxied, 'smtp.refused', 'at=XCLIENT', f'ip={CLAIMED}', 'not a trusted proxy')
    assert not log_lines(proxied, '192.0.2.78')


def test_the_proxy_in_the_list_says_nothing_without_its_header(proxied):
    with WireFrom(PROXY, proxied.ports['smtp'], first=b'EHLO x\r\n') as wire:
        assert wire.is_closed()
    assert log_lines(proxied, 'conn.refused', 'no PROXY header')


@pytest.mark.parametrize('service', ['smtp', 'submission'])
def test_a_proxy_header_of_strangers_is_refused_and_logged(proxied, service):
    stranger = '127.0.0.10' if service == 'smtp' else '127.0.0.11'
    with WireFrom(stranger, proxied.ports[service], first=V1) as wire:
        assert wire.reply()[0] == 220
        assert wire.reply()[0] == 421
        assert wire.is_closed()
    assert log_lines(proxied, 'smtp.refused', 'at=PROXY', f'ip={stranger}', 'not a trusted proxy')
    with WireFrom(stranger, proxied.ports[service], first=V2) as wire:  # bare line ends and zeros
        assert wire.reply()[0] == 220
        assert wire.reply()[0] in (421, 500, 501)


def test_a_proxy_header_of_strangers_before_tls_is_no_handshake(proxied):
    for header in (V1, V2):
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)), WireFrom('127.0.0.12', proxied.ports['imaps'], proxied.tls(), header) as wire:
            wire.line()
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)), WireFrom('127.0.0.12', proxied.ports['management'], proxied.tls(), V1) as wire:
        wire.line()


def test_xclient_of_strangers_is_refused_and_logged(proxied):
    with WireFrom('127.0.0.13', proxied.ports['smtp']) as wire:
        assert wire.reply()[0] == 220
        assert b'XCLIENT' not in b''.join(wire.say('EHLO x')[1])
        assert wire.say(f'XCLIENT ADDR={CLAIMED} LOGIN=reader')[0] == 550
        wire.say('MAIL FROM:<a@outside.test>')
        assert wire.say(f'RCPT TO:<reader@{DOMAIN}>')[0] == 250
        wire.say('DATA')
        assert wire.say('Subject: x\r\n\r\nx\r\n.')[0] == 250
    assert log_lines(proxied, 'smtp.refused', 'at=XCLIENT', 'ip=127.0.0.13')
    assert log_lines(proxied, 'smtp.accepted', 'ip=127.0.0.13')
