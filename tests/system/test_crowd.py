"""A flood from ten thousand addresses: who is signed in goes on, known people sign in, strangers that are refused read why."""
import contextlib
import select
import socket
import threading

import pytest

from conftest import end_site, make_site
from mail import HOST, Wire
from test_limits import WireFrom
from test_notices import wait_for
from test_revoke import new_user

ADDRESSES = 10000
SLOTS = 200      # of a process
OPEN_MAX = 400   # sockets of the flood at a time


@pytest.fixture(scope='module')
def crowded():
    made = make_site({'auth': {'failure_delay': '0s'}, 'workers': {'client': 1},
                      'limits': {'connections': SLOTS, 'handshakes': 50, 'handshake_time': '5s', 'refusals_per_address': 60, 'unknown_recipients': 0}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


def stranger(number):
    """One of 127.1.0.0/16 and above: neither a user of ours nor two alike."""
    return f'127.{1 + number // 65000}.{number // 250 % 250}.{1 + number % 250}'


class Flood:
    """Connections from ever other addresses, OPEN_MAX at a time, each with what it says first; replies are kept for the test."""

    def __init__(self, port, first, stays):
        self.port, self.first, self.stays = port, first, stays
        self.made, self.replies, self.ended = 0, [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        held = []
        while not self.ended.is_set() and self.made < ADDRESSES:
            held = self.one(held)
        self.ended.wait()
        for s in held:
            s.close()

    def one(self, held):
        s = socket.socket()
        with contextlib.suppress(OSError):
            s.bind((stranger(self.made), 0))
            s.settimeout(60)
            s.connect((HOST, self.port))
            s.sendall(self.first)
            held.append(s)
        self.made += 1
        if len(held) < OPEN_MAX:
            return held
        self.read(held)
        for old in held[:-self.stays]:
            old.close()
        return held[-self.stays:]

    def read(self, held):
        ready, _, _ = select.select(held, [], [], 0)
        for s in ready:
            with contextlib.suppress(OSError):
                self.replies.append(s.recv(4096))

    def end(self):
        self.ended.set()
        self.thread.join(60)


@contextlib.contextmanager
def flood(port, first, stays=300):
    made = Flood(port, first, stays)
    try:
        wait_for(lambda: made.made > 3 * SLOTS, seconds=60)
        yield made
    finally:
        made.end()


def sign_in(site, user):
    wire = Wire(site.ports['imaps'], site.tls())
    wire.line()
    assert b' OK' in wire.tagged('a', f'LOGIN {user["address"]} {user["password"]}')[0]
    return wire


def works(wire, number):
    assert b' OK' in wire.tagged(f'n{number}', 'NOOP')[0]
    assert b' OK' in wire.tagged(f's{number}', 'STATUS INBOX (MESSAGES)')[0]


def test_half_open_handshakes_take_no_slot_of_who_is_known(crowded):
    site = crowded
    user = new_user(site, 'known')
    with sign_in(site, user) as session:
        with flood(site.ports['imaps'], b'\x16\x03\x01') as crowd:
            for number in range(20):
                works(session, number)
                with sign_in(site, user) as again:
                    works(again, number)
            wait_for(lambda: crowd.made >= ADDRESSES, seconds=120)
            works(session, 'end')
    status = [r['status'] for r in site.instance.cli('status')['roles'] if r['role'] == 'client']
    assert sum(s['refused'] for s in status) > 0


def test_refused_strangers_read_why(crowded):
    site = crowded
    user = new_user(site, 'reader')
    with sign_in(site, user) as session, flood(site.ports['imap'], b'') as crowd:
        for number in range(20):
            works(session, number)
        wait_for(lambda: any(b'* BYE [LIMIT]' in reply for reply in crowd.replies), seconds=60)
    with flood(site.ports['smtp'], b'') as crowd:
        wait_for(lambda: any(reply.startswith(b'421 4.7.0') for reply in crowd.replies), seconds=60)


def test_a_stranger_who_guesses_recipients_is_cut_off(crowded):
    site = crowded
    user = new_user(site, 'guessed')
    with sign_in(site, user) as session:
        plain = socket.create_connection((HOST, site.ports['smtp']), timeout=60, source_address=('127.77.7.7', 0))
        with plain, plain.makefile('rwb') as peer:
            peer.readline()
            peer.write(b'HELO guesser\r\nMAIL FROM:<a@elsewhere.test>\r\n')
            peer.write(b''.join(b'RCPT TO:<guess%d@demo.test>\r\n' % n for n in range(100)))
            peer.flush()
            replies = [line[:3] for line in peer]
        assert replies[-1] == b'421' and 20 <= replies.count(b'550') <= 61
        works(session, 1)


def test_failed_sign_ins_of_many_addresses_leave_the_owner_alone(crowded):
    site = crowded
    user = new_user(site, 'owner')
    with sign_in(site, user) as session:
        for number in range(60):
            with WireFrom(stranger(number * 7), site) as wire:
                assert b' NO' in wire.tagged('a', f'LOGIN {user["address"]} wrong-{number}')[0]
        works(session, 1)
        with sign_in(site, user) as again:
            works(again, 2)
