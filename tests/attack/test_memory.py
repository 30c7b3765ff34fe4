"""Root looks into the memory of every process: the TLS key is in `key` and the parent that read its file, and what opens mail is not at the network's side."""
import os
import re
import socket
import subprocess

import pytest

EDGE = ('mx', 'client', 'manage', 'admin', 'relay', 'resolver', 'fetch', 'filter')
CHUNK = 1 << 22

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason='only root reads the memory of other processes')


def regions(pid):
    with open(f'/proc/{pid}/maps', encoding='ascii', errors='replace') as f:
        for line in f:
            found = re.match(r'([0-9a-f]+)-([0-9a-f]+) r(\S+) \S+ \S+ \S+\s*(.*)', line)
            if found and not found.group(4).startswith('[v'):
                yield int(found.group(1), 16), int(found.group(2), 16)


def memory_has(pid, needles):
    """Which of {name: bytes} are in what the process has mapped."""
    overlap, found = max(map(len, needles.values())), set()
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
        for start, end in regions(pid):
            at = start
            while at < end:
                try:
                    memory.seek(at)
                    data = memory.read(min(CHUNK, end - at))
                except OSError:
                    break  # guard pages and pages of the kernel
                if not data:
                    break
                found |= {name for name, needle in needles.items() if needle in data}
                at += len(data) if len(data) < CHUNK or at + CHUNK >= end else CHUNK - overlap
    return found


def scalar(path):
    """The secret number of an EC key, and the same with its words turned round, as big numbers are kept."""
    text = subprocess.run(['openssl', 'pkey', '-in', path, '-noout', '-text'], capture_output=True, text=True, check=True).stdout
    digits = re.search(r'priv:\s*((?:[0-9a-f]{2}[:\s]*)+)pub', text).group(1)
    number = bytes.fromhex(re.sub(r'[^0-9a-f]', '', digits))[-32:]
    return {'key': number, 'key, words turned': number[::-1]}


@pytest.fixture(scope='module')
def holders(place):
    """The roles that have the TLS key in memory; the search is shown to find it in `key`."""
    needles = scalar(place.instance.path('tls', 'server.key'))
    for port in ('imaps', 'submissions', 'pop3s', 'management'):
        with socket.create_connection(('127.0.0.1', place.ports[port]), timeout=20) as plain:
            place.tls().wrap_socket(plain, server_hostname='127.0.0.1').close()  # it was used just now
    pids, holders = place.pids(), {}
    for (role, index), pid in pids.items():
        holders[role, index] = memory_has(pid, needles)
    assert any(found for (role, _), found in holders.items() if role == 'key'), 'the search does not find it where it is'
    return {role for (role, _), found in holders.items() if found}


def test_no_process_that_speaks_to_strangers_has_the_tls_key(holders):
    assert not holders & set(EDGE) and 'mail' not in holders


def test_the_tls_key_is_in_key_and_in_the_parent_that_reads_its_file(holders):
    assert holders <= {'key', 'parent'}


@pytest.fixture(scope='module')
def keepers(place):
    """The roles that still have a password after it was set over HTTPS and used over IMAP."""
    person = place.add_user('memory.owner', password='ziegel-amboss-' + os.urandom(6).hex())
    with place.imap({'address': person.address, 'password': person.password}) as client:
        client.noop()
    needles = {'password': person.password.encode()}
    assert memory_has(os.getpid(), needles), 'the search does not find it in our own memory'
    return {who[0] for who, pid in place.pids().items() if memory_has(pid, needles)}


def test_what_clients_send_does_not_stay_where_mail_is_spoken(keepers):
    assert not keepers & {'mx', 'client', 'mail', 'queue', 'relay', 'resolver', 'fetch', 'filter', 'audit', 'parent'}
