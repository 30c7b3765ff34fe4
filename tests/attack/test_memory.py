"""Root looks into the memory of every process: which of them has what opens a door, while it is used and afterwards."""
import base64
import json
import os
import poplib
import re
import socket
import subprocess
import time

import pytest

from attacker import HOST, Caller, system

CHUNK = 1 << 22
PROOF = os.environ.get('LETTERLOCK_PROOF', os.path.normpath(os.path.join(system.PROGRAMS, '..', '..', 'tests', 'proof')))

pytestmark = [
    pytest.mark.skipif(os.getuid() != 0, reason='NOT TESTED, what stays in memory: only root reads the memory of other processes; run it as root'),
    pytest.mark.skipif(b'__asan_init' in open(os.path.join(system.PROGRAMS, 'letterlockd'), 'rb').read(),
                       reason='NOT TESTED, what stays in memory: with AddressSanitizer nothing that is freed is overwritten'),
]


def regions(pid):
    """(start, end, kept out of dumps: as guarded memory and pages with one secret are)."""
    with open(f'/proc/{pid}/smaps', encoding='ascii', errors='replace') as f:
        at = None
        for line in f:
            found = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S)\S+ \S+ \S+ \S+\s*(.*)', line)
            if found:
                readable = found.group(3) == 'r' and not found.group(4).startswith('[v')
                at = (int(found.group(1), 16), int(found.group(2), 16)) if readable else None
            elif line.startswith('VmFlags:') and at is not None:
                yield *at, ' dd' in line


def memory_has(pid, needles, guarded=True):
    """Which of {name: bytes} are in what the process has mapped; guarded False: outside of what is kept out of dumps."""
    overlap, found = max(map(len, needles.values())), set()
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
        for start, end, apart in regions(pid):
            at = start
            while at < end and (guarded or not apart):
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


def holders(place, needles, guarded=True):
    """{name: roles that have it}."""
    found = {name: set() for name in needles}
    for (role, _), pid in place.pids().items():
        for name in memory_has(pid, needles, guarded):
            found[name].add(role)
    return found


def until_gone(place, needles, guarded=True):
    """What is still somewhere when the processes had time to finish what they were at: {name: roles}."""
    end = time.monotonic() + 20
    while True:
        left = {name: roles for name, roles in holders(place, needles, guarded).items() if roles}
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.3)


def scalar(path):
    """The secret number of an EC key, and the same with its words turned round, as big numbers are kept."""
    text = subprocess.run(['openssl', 'pkey', '-in', path, '-noout', '-text'], capture_output=True, text=True, check=True).stdout
    digits = re.search(r'priv:\s*((?:[0-9a-f]{2}[:\s]*)+)pub', text).group(1)
    number = bytes.fromhex(re.sub(r'[^0-9a-f]', '', digits))[-32:]
    return {'key': number, 'key, words turned': number[::-1]}


def touch_tls(place):
    for port in ('imaps', 'submissions', 'pop3s', 'management'):
        with socket.create_connection((HOST, place.ports[port]), timeout=20) as plain:
            place.tls().wrap_socket(plain, server_hostname=HOST).close()


# ---- keys of the server ----

def key_is_back(place, old):
    rows = place.instance.cli('status', check=False)[1].get('roles', [])
    return any(r['role'] == 'key' and r['state'] == 'ready' and r['pid'] != old for r in rows)



def test_the_tls_key_is_in_key_only_also_after_a_reload_and_a_restart_of_key(place):
    needles, pids = scalar(place.instance.path('tls', 'server.key')), place.pids()
    with open(place.instance.path('tls', 'server.key'), 'rb') as f:
        needles['file'] = f.read().split(b'\n')[1]
    place.instance.cli('reload')
    os.kill(pids['key', 0], 9)
    end = time.monotonic() + 30
    while not key_is_back(place, pids['key', 0]):
        assert time.monotonic() < end, 'key does not come back'
        time.sleep(0.2)
    touch_tls(place)
    found = holders(place, needles)
    assert found['key'] | found['key, words turned'] == {'key'}, 'the search finds it where it is, and nowhere else'
    assert found['file'] <= {'key'}


def test_the_master_key_is_in_guarded_memory_of_parent_and_key_only(place):
    with open(place.instance.path('data', 'master.key'), 'rb') as f:
        needles = {'master': f.read()}
    assert holders(place, needles) == {'master': {'parent', 'key'}}
    assert holders(place, needles, guarded=False) == {'master': set()}


# ---- what people sign in with ----

@pytest.fixture(scope='module')
def used(place):
    """Somebody who has used every way in, on connections some of which are still open: what he used, by name."""
    words = {way: f'ziegel-{way}-amboss-' + os.urandom(6).hex() for way in ('https', 'imap', 'smtp', 'pop3', 'wrong')}
    people = {way: place.add_user(f'memory.{way}', password=word) for way, word in words.items()}
    with place.imap({'address': people['https'].address, 'password': words['https']}) as client:
        client.noop()
    with place.imap({'address': people['imap'].address, 'password': words['imap']}) as client:
        client.noop()
    with place.smtp({'address': people['smtp'].address, 'password': words['smtp']}) as client:
        client.noop()
    client = poplib.POP3_SSL(HOST, place.ports['pop3s'], context=place.tls(), timeout=60)
    client.user(people['pop3'].address)
    client.pass_(words['pop3'])
    client.quit()
    wrong = Caller(place).call('session.start', {'address': people['wrong'].address, 'password': words['wrong'] + '-no'})
    assert wrong.status == 401
    session = people['https'].enrol(people['https'].sign_in())
    ended = people['https'].sign_in()
    ended.done('session.end')
    person = people['https']
    secret = base64.b32decode(person.secret + '=' * (-len(person.secret) % 8))
    return {
        **{f'password, {way}': word.encode() for way, word in words.items()}, 'token': session.token.encode(), 'ended token': ended.token.encode(),
        'totp, base32': person.secret.encode(), 'totp': secret, 'code on paper': person.paper[0].encode(),
    }


def test_the_search_finds_all_of_it_in_our_own_memory(used):
    assert memory_has(os.getpid(), used) == set(used)


def test_nothing_that_people_sign_in_with_stays_anywhere(place, used):
    assert until_gone(place, used) == {}


# ---- what opens mail ----

@pytest.fixture(scope='module')
def secret(place):
    """The secret of an account whose reader signs in afterwards, from the disk of the stopped server and his password."""
    person = place.add_user('memory.reader', password='ziegel-leser-' + os.urandom(6).hex())
    with place.imap({'address': person.address, 'password': person.password}) as client:
        client.noop()
    server = place.instance.processes.pop('letterlockd')
    server.terminate()
    assert server.wait(60) == 0
    done = subprocess.run([os.path.join(PROOF, 'offline'), place.instance.path('letterlock.yaml')], input=f'{person.address} {person.password}\n',
                          capture_output=True, text=True, timeout=300, check=True)
    place.instance.start_server()
    place.instance.wait_ready(30)
    wraps = [json.loads(line) for line in done.stdout.splitlines() if '"secret":"' in line]
    secrets = {w['secret'] for w in wraps if w['address'] == person.address}
    assert len(secrets) == 1
    return person, {'account secret': bytes.fromhex(secrets.pop())}


def test_the_secret_of_an_account_is_in_guarded_memory_only_while_its_reader_is_there_and_afterwards(place, secret):
    person, needles = secret
    assert holders(place, needles) == {'account secret': set()}, 'nobody has signed in since the start'
    with place.imap({'address': person.address, 'password': person.password}) as client:
        client.select('INBOX')
        roles = holders(place, needles)['account secret']
        assert 'mail' in roles and roles <= {'mail', 'auth'}
        assert until_gone(place, needles, guarded=False) == {}
    assert until_gone(place, needles, guarded=False) == {}
