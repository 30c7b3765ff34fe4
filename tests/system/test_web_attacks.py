"""What somebody who is signed in tries against the processes that serve him: they stay, and answer the others."""
import http.client
import json
import os
import select
import socket
import ssl
import time

import pytest

from browser import Browser
from conftest import end_site, make_site
from jmap_client import CORE, NAME, Events, Jmap, Socket
from mail import HOST, mark
from web import Web

PASSWORD = 'schiff-laterne-wolke-garten'
PATIENCE = 60  # seconds
UPLOADS = 16   # of one account at a time
LINKS = 40     # connections of a sign-in
TOO_MUCH = 40_000_000 - 4 * 99 * 99_000 + 100  # behind four requests that are all but whole


@pytest.fixture(scope='module')
def place():
    made = make_site({'auth.failure_delay': '10ms', 'limits.logins_per_minute': '0', 'limits.sessions_per_user': '0', 'auth.hash_time': '0'}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


@pytest.fixture
def person(place):
    made = {'address': f'p{mark()[:10]}@demo.test', 'password': PASSWORD + '-own'}
    place.instance.cli('user', 'add', made['address'], '--stdin', stdin=PASSWORD + '\n')
    Web(place).done('user.passwd', {'address': made['address'], 'old': PASSWORD, 'new': made['password']})
    return made


@pytest.fixture
def jmap(place, person):
    return Jmap(place, person)


@pytest.fixture
def bystander(place):
    """A connection that was there before; it is gone when the process that has it ends."""
    client = http.client.HTTPSConnection(HOST, place.ports['https'], context=place.tls(), timeout=PATIENCE)

    def served():
        client.request('GET', '/api/session', headers={'Host': NAME})
        answer = client.getresponse()
        answer.read()
        return answer.status == 200
    assert served()
    client.auto_open = 0
    yield served
    client.close()


def connect(place):
    return place.tls().wrap_socket(socket.create_connection((HOST, place.ports['https']), timeout=PATIENCE), server_hostname=HOST)


def upgrade(jmap, version, *more):
    fields = (f'Host: {NAME}', f'Authorization: {jmap.authorization}', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
              'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==', 'Sec-WebSocket-Protocol: jmap', *more)
    return '\r\n'.join((f'GET /jmap/ws HTTP/{version}', *fields, '', '')).encode()


def test_a_protocol_is_not_changed_where_it_cannot_be(place, jmap, bystander):
    jmap.session()
    for head in (upgrade(jmap, '1.0'), upgrade(jmap, '1.1', 'Content-Length: 6')):
        with connect(place) as sock:
            sock.sendall(head)
            with sock.makefile('rb') as answer:
                assert answer.readline().split()[1] == b'400'
    ping = b'\x89\x80\x01\x02\x03\x04'  # as a body, so that mail would answer
    with connect(place) as sock:
        sock.sendall(upgrade(jmap, '1.1', f'Content-Length: {len(ping)}') + ping)
        with sock.makefile('rb') as answer:
            assert answer.readline().split()[1] in (b'101', b'400')
    assert bystander()


def test_a_small_request_does_not_become_a_large_one(jmap, bystander):
    twice = [['Core/echo', {'a': ['0123456789']}, '0']]
    for n in range(1, 40):
        former = {'resultOf': str(n - 1), 'name': 'Core/echo', 'path': ''}
        twice.append(['Core/echo', {'#p': former, '#q': former}, str(n)])
    status, _, answer = jmap.ask('POST', '/jmap/api', json.dumps({'using': [CORE], 'methodCalls': twice}), {'Content-Type': 'application/json'})
    assert status == 200 and len(answer) < 10_000_000
    assert json.loads(answer)['methodResponses'][-1][0] == 'error'
    many = '{"using":[],"methodCalls":[],"x":[' + '[],' * 300_000 + '0]}'
    status, problem = jmap.api(many)
    assert (status, problem['limit']) == (400, 'maxSizeRequest')
    sock = Socket(jmap)
    sock.frame(1, many.encode())
    assert sock.receive()['limit'] == 'maxSizeRequest'
    assert bystander()


def test_blobs_made_of_blobs_have_an_end(jmap):
    create = {'b0': {'data': [{'data:asText': 'x' * 60_000}]}}
    for n in range(1, 40):
        create[f'b{n}'] = {'data': [{'data:asText': 'y'}] + [{'blobId': f'#b{n - 1}'}] * 60}
    crumbs = [{'blobId': '#b1', 'offset': 3_000_000, 'length': 1}] * 60  # all of it is read for each byte
    answer = jmap.call('Blob/upload', create={**create, 'crumbs': {'data': crumbs}})
    assert set(answer['created']) == {'b0', 'b1'}
    assert {answer['notCreated'][name]['type'] for name in ('b2', 'crumbs')} == {'tooLarge'}
    large = answer['created']['b1']['id']
    parts = [f'{large}_0_{3_600_000 - n}_p' for n in range(100)]
    got = jmap.call('Blob/get', ids=parts, properties=['digest:sha-512', 'size'])
    assert [one['size'] for one in got['list']] == [3_600_000 - n for n in range(100)]


def test_a_socket_carries_what_is_larger_than_itself(jmap):
    many = [['Core/echo', {'a': 'x' * 900_000}, '0']]
    many += [['Core/echo', {'#a': {'resultOf': '0', 'name': 'Core/echo', 'path': '/a'}}, str(n)] for n in range(1, 4)]
    sock = Socket(jmap)
    for n in range(3):
        sock.send({'@type': 'Request', 'id': str(n), 'using': [CORE], 'methodCalls': many})
    for n in range(3):
        answer = sock.receive()
        assert answer['requestId'] == str(n) and [len(one[1]['a']) for one in answer['methodResponses']] == [900_000] * 4


def test_letters_of_nobody_are_not_remembered(jmap, bystander):
    for _ in range(20):
        nobody = 'A' + os.urandom(16).hex()
        assert jmap.ask('GET', f'/jmap/download/{nobody}/B{nobody}/x')[0] == 404
        assert jmap.calls(['Mailbox/get', {'accountId': nobody, 'ids': None}, 'a'])[0][1]['type'] == 'accountNotFound'
    assert bystander()


def begin_upload(place, jmap):
    sock = connect(place)
    sock.sendall(f'POST /jmap/upload/{jmap.account}/ HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: {jmap.authorization}\r\n'
                 f'Content-Length: 10\r\n\r\n1'.encode())
    return sock


def first_answer(socks):
    """Of whichever is answered first; tickets of TLS are none."""
    end = time.monotonic() + PATIENCE
    for sock in socks:
        sock.setblocking(False)
    while time.monotonic() < end:
        for sock in select.select(socks, [], [], PATIENCE)[0]:
            try:
                return sock.recv(100)
            except ssl.SSLWantReadError:
                continue
    return b''


def test_uploads_at_a_time_are_counted(place, jmap):
    socks = [begin_upload(place, jmap) for _ in range(UPLOADS + 1)]
    assert first_answer(socks).split()[1] == b'503'
    for sock in socks:
        sock.close()
    end = time.monotonic() + PATIENCE
    while (status := jmap.upload(b'later')[0]) == 503 and time.monotonic() < end:
        time.sleep(0.1)
    assert status == 201


def test_browsers_keep_nothing(place, person, jmap):
    _, made = jmap.upload(b'<b>', 'text/html')
    path = f'/jmap/download/{jmap.account}/{made["blobId"]}/a.html'
    assert 'immutable' in jmap.ask('GET', path)[1]['cache-control']
    browser = Browser(place)
    browser.sign_in(person)
    answer = browser.ask('GET', path)
    assert (answer.status, answer.headers.get_all('Cache-Control')) == (200, ['private, no-store'])
    assert answer.headers['Content-Disposition'].startswith('attachment;') and 'sandbox' in answer.headers['Content-Security-Policy']


def begin_request(place, jmap, size):
    """All of a request but its last byte, with its head."""
    sock = connect(place)
    sock.sendall(f'POST /jmap/api HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: {jmap.authorization}\r\nContent-Type: application/json\r\n'
                 f'Content-Length: {size}\r\n\r\n'.encode())
    return sock


def test_requests_that_are_not_whole_have_an_end_together(place, person, jmap):
    size, piece = 9_900_000, b' ' * 99_000
    other = Jmap(place, person)
    assert jmap.call('Mailbox/get', ids=[])['list'] == []
    socks = [begin_request(place, jmap if n % 2 else other, size) for n in range(5)]
    try:
        for sock in socks[:4]:
            for _ in range(99):
                sock.sendall(piece)
        socks[4].sendall(bytes(TOO_MUCH))
        assert first_answer(socks).split()[1] == b'400'
        status, answer = jmap.api({'using': [CORE], 'methodCalls': [['Core/echo', {}, 'a']]})
        assert (status, answer['methodResponses']) == (200, [['Core/echo', {}, 'a']]), 'small ones have room'
    finally:
        for sock in socks:
            sock.close()
    end = time.monotonic() + PATIENCE
    large = {'using': [CORE], 'methodCalls': [['Core/echo', {}, 'a']], 'createdIds': {}}
    body = json.dumps(large) + ' ' * 9_000_000
    while (status := jmap.api(body)[0]) == 400 and time.monotonic() < end:
        time.sleep(0.1)
    assert status == 200, 'what was given up is given back'


def test_sockets_that_say_half_of_something_have_an_end_together(place, jmap):
    assert jmap.call('Mailbox/get', ids=[])['list'] == []
    size, piece = 9_900_000, bytes(99_000)
    socks = []
    try:
        for _ in range(5):
            sock = connect(place)
            sock.sendall(upgrade(jmap, '1.1'))
            head = b''
            while b'\r\n\r\n' not in head:
                head += sock.recv(1)
            assert head.split()[1] == b'101'
            sock.sendall(b'\x81\xff' + size.to_bytes(8, 'big') + b'\0\0\0\0')
            socks.append(sock)
        for sock in socks[:4]:
            for _ in range(99):
                sock.sendall(piece)
        socks[4].sendall(bytes(TOO_MUCH))
        assert first_answer(socks)[:4] == b'\x88\x02\x03\xf5', 'closed, for now'
        assert jmap.call('Mailbox/get', ids=[])['list'] == []
    finally:
        for sock in socks:
            sock.close()


def test_who_listens_everywhere_keeps_nobody_else_waiting(place, person, jmap, bystander):
    jmap.session()
    listening = []
    try:
        for _ in range(LINKS):
            listening.append(Events(jmap, 'types=*&closeafter=no&ping=0'))
            assert listening[-1].status == 200
        assert Events(jmap, 'types=*&closeafter=no&ping=0').status == 429
        assert bystander()
        browser = Browser(place)
        browser.sign_in(person)
        assert browser.ask('GET', '/jmap/session').status == 200, 'another sign-in of the same person'
    finally:
        for one in listening:
            one.close()
    end = time.monotonic() + PATIENCE
    while (status := jmap.ask('GET', '/jmap/session')[0]) == 429 and time.monotonic() < end:
        time.sleep(0.1)
    assert status == 200
