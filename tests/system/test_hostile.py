"""Input that nobody sends by mistake: a clear reply, bounded memory, and nothing else disturbed."""
import os
import socket
import time

import pytest

from mail import Wire, letter, mark, memory_kb

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def nothing_else_is_disturbed(site):
    before = roles(site)
    yield
    after = roles(site)
    assert {k: v['restarts'] for k, v in after.items()} == {k: v['restarts'] for k, v in before.items()}, 'a role was restarted'
    for key, role in after.items():
        if key[0] != 'parent':
            assert memory_kb(role['pid']) < 1100 * 1024, key
    subject, user = mark(), site.user('wang.lei')
    site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
    site.find(user, subject)


def roles(site):
    return {(r['role'], r['index']): r for r in site.instance.cli('status')['roles']}


def smtp(site):
    wire = Wire(site.ports['smtp'])
    assert wire.reply()[0] == 220
    assert wire.say('EHLO mx.outside.test')[0] == 250
    return wire


def test_bare_line_feeds_end_nothing(site):
    user, subject = site.user('wang.lei'), mark()
    for ending in (b'\n.\n', b'\r\n.\n', b'\n.\r\n', b'\r.\r'):
        with smtp(site) as wire:
            wire.say('MAIL FROM:<x@outside.test>')
            wire.say(f'RCPT TO:<{user["address"]}>')
            assert wire.say('DATA')[0] == 354
            data = letter('x@outside.test', user['address'], subject)
            wire.send(data + b'text' + ending + b'MAIL FROM:<smuggled@outside.test>\r\n' + f'RCPT TO:<{user["address"]}>\r\n'.encode() + b'DATA\r\nsmuggled\r\n.\r\n')
            code, _ = wire.reply()
            assert code >= 500 or code == 250
            if code == 250:
                wire.send('NOOP\r\n')
                assert wire.reply()[0] == 250  # the only other reply: nothing was smuggled


# Service: its greeting, what begins TLS, what hides behind it in the same segment, and what is asked under TLS with the first words of its answer.
HANDSHAKES = {
    'smtp': (['EHLO x'], 'STARTTLS', 'RSET\r\nMAIL FROM:<injected@demo.test>\r\n', 'EHLO y', b'250-'),
    'submission': (['EHLO x'], 'STARTTLS', 'RSET\r\nMAIL FROM:<injected@demo.test>\r\n', 'EHLO y', b'250-'),
    'imap': ([], 'a1 STARTTLS', 'a2 NOOP\r\na3 LOGIN eve@demo.test injected\r\n', 'b1 NOOP', b'b1 OK'),
    'pop3': ([], 'STLS', 'CAPA\r\nUSER eve@demo.test\r\n', 'STAT', b'-ERR'),
    'managesieve': ([], 'STARTTLS', 'NOOP "injected"\r\n', 'NOOP "asked"', b'OK (TAG "asked")'),
}


@pytest.mark.parametrize('service', list(HANDSHAKES))
def test_commands_before_the_handshake_are_thrown_away(site, service):
    """Whoever sits in between puts commands behind STARTTLS: under TLS nothing of them is answered, or the connection has ended before."""
    first, begin, injected, ask, answer = HANDSHAKES[service]
    with Wire(site.ports[service]) as wire:
        wire.line() if service != 'managesieve' else greeting(wire)
        for command in first:
            wire.say(command)
        wire.send(f'{begin}\r\n{injected}')
        said = wire.line()
        if said[:3] not in (b'220', b'+OK') and not said.startswith((b'a1 OK', b'OK')):
            return  # refused, because something stood behind it
        try:
            wire.socket = site.tls().wrap_socket(wire.socket)
        except OSError:
            return
        wire.buffer = b''
        if service == 'managesieve':
            greeting(wire)  # RFC 5804 2.2: its capabilities again
        wire.send(ask + '\r\n')
        said = wire.line()
        assert said.startswith(answer), said


def greeting(wire):
    while not wire.line().startswith(b'OK'):
        pass


def test_endless_lines_get_an_answer_or_an_end(site):
    for port, tls in (('smtp', False), ('imap', False), ('pop3', False), ('imaps', True)):
        with Wire(site.ports[port], site.tls() if tls else None) as wire:
            wire.line()
            try:
                for _ in range(64):
                    wire.send(b'A' * 65536)
            except OSError:
                continue
            wire.socket.settimeout(60)
            try:
                assert wire.socket.recv(100)
            except OSError:
                pass


def test_a_huge_literal_is_refused_before_it_is_sent(site):
    user = site.user('wang.lei')
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        wire.send('a LOGIN {4000000000}\r\n')
        assert not wire.line().startswith(b'+')
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        wire.tagged('a', f'LOGIN {user["address"]} {user["password"]}')
        wire.send('b APPEND INBOX {4000000000}\r\n')
        line = wire.line()
        while line.startswith(b'* ') and not line.startswith(b'* BYE'):
            line = wire.line()
        assert b'TOOBIG' in line or b'LIMIT' in line or b'BYE' in line or line.startswith(b'b NO') or line.startswith(b'b BAD')


def test_ten_thousand_recipients(site):
    user = site.user('wang.lei')
    with smtp(site) as wire:
        wire.say('MAIL FROM:<x@outside.test>')
        codes = []
        for batch in range(20):
            wire.send(f'RCPT TO:<{user["address"]}>\r\n' * 500)
            codes += [wire.reply()[0] for _ in range(500)]
        assert set(codes) <= {250, 452, 451, 421} and codes.count(250) <= 1000 and 452 in codes
        assert wire.say('RSET')[0] == 250


def test_a_message_over_the_limit(site):
    user = site.user('wang.lei')
    with smtp(site) as wire:
        assert wire.say(f'MAIL FROM:<x@outside.test> SIZE={200 * MIB}')[0] == 552
        wire.say('MAIL FROM:<x@outside.test>')
        wire.say(f'RCPT TO:<{user["address"]}>')
        wire.say('DATA')
        block = b'From: x\r\n\r\n' + (b'x' * 998 + b'\r\n') * 1000
        try:
            for _ in range(200 * MIB // len(block)):
                wire.send(block)
            wire.send('.\r\n')
            assert wire.reply()[0] in (552, 421, 554)
        except OSError:
            pass  # the connection may be ended instead


def deep(levels):
    head = 'From: x@outside.test\r\nSubject: deep\r\n'
    body = ''.join(f'Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n' for n in range(levels))
    return (head + body + 'Content-Type: text/plain\r\n\r\nbottom\r\n').encode()


def cases():
    yield 'deep', deep(3000)
    yield 'many parts', b'Content-Type: multipart/mixed; boundary=b\r\n\r\n' + b'--b\r\n\r\nx\r\n' * 60000 + b'--b--\r\n'
    yield 'header of a million bytes', b'Subject: ' + b'\r\n '.join([b'x' * 900] * 1100) + b'\r\n\r\nbody\r\n'
    yield 'many headers', b''.join(b'X-%d: y\r\n' % n for n in range(40000)) + b'\r\nbody\r\n'
    yield 'broken base64', b'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n' + b'=!@#' * 5000 + b'\r\n'
    yield 'broken charset', b'Content-Type: text/plain; charset="no-such"\r\nSubject: =?no-such?b?////?= =?utf-8?q?=ff?=\r\n\r\n\xff\xfe\xfd\r\n'
    yield 'nul bytes', b'Subject: a\0b\r\n\r\n\0\0\0\r\n'
    yield 'no header', b'\r\nonly a body\r\n'
    yield 'no body', b'Subject: only a header\r\n'
    yield 'addresses', b'From: ' + b'(' * 20000 + b'\r\nTo: ' + b'a:b;,' * 20000 + b'\r\n\r\nx\r\n'
    yield 'parameters', b'Content-Type: text/plain' + b''.join(b';\r\n p*%d*=x' % n for n in range(20000)) + b'\r\n\r\nx\r\n'


def wire_lines(data):
    """Cut so that no line is longer than SMTP allows."""
    out = []
    for line in data.split(b'\r\n'):
        while len(line) > 990:
            out.append(line[:990])
            line = b' ' + line[990:]
        out.append(line)
    return b'\r\n'.join(out)


@pytest.mark.parametrize('name, data', list(cases()), ids=[c[0] for c in cases()])
def test_hostile_messages_are_kept_or_refused_whole(site, name, data):
    user, subject = site.user('wang.lei'), mark()
    data = wire_lines(b'X-Mark: ' + subject.encode() + b'\r\n' + data)
    with Wire(site.ports['smtp'], timeout=60) as wire:
        wire.reply()
        wire.say('EHLO mx.outside.test')
        wire.say('MAIL FROM:<x@outside.test> BODY=8BITMIME')
        wire.say(f'RCPT TO:<{user["address"]}>')
        wire.send(f'BDAT {len(data)} LAST\r\n'.encode() + data)
        code, _ = wire.reply()
    assert code == 250 or 500 <= code < 600
    if code != 250:
        return
    end = time.monotonic() + 20
    while True:
        with site.imap(user) as client:
            client.select('INBOX', readonly=True)
            found = client.search(None, 'HEADER', 'X-Mark', subject)[1][0].split()
            if found:
                client.fetch(found[0], '(ENVELOPE BODYSTRUCTURE)')
                raw = client.fetch(found[0], '(BODY.PEEK[])')[1][0][1]
                # A plain literal may hold no NUL (RFC 9051 4.3): it goes out as 0x80. BINARY gives the bytes themselves.
                assert raw.endswith(data.replace(b'\0', b'\x80'))
                assert client.fetch(found[0], '(BINARY.PEEK[])')[1][0][1].endswith(data)
                return
        assert time.monotonic() < end, 'the message is not there'
        time.sleep(0.1)


def test_slow_peers_do_not_hold_up_others(site):
    slow = []
    for _ in range(50):
        s = socket.create_connection(('127.0.0.1', site.ports['smtp']), timeout=60)
        s.sendall(b'EHLO sl')
        slow.append(s)
    user, subject = site.user('wang.lei'), mark()
    site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
    site.find(user, subject)
    for s in slow:
        s.close()


def test_a_reader_that_does_not_read_costs_little(site):
    user = site.user('lin.xiaomei')  # has a letter of more than 8 MB
    stalled = []
    for _ in range(10):
        wire = Wire(site.ports['imaps'], site.tls())
        wire.line()
        wire.tagged('a', f'LOGIN {user["address"]} {user["password"]}')
        wire.tagged('b', 'EXAMINE INBOX')
        wire.send('c FETCH 1:* BODY.PEEK[]\r\n' * 20)
        stalled.append(wire)
    time.sleep(2)
    with site.imap(user) as client:
        assert client.noop()[0] == 'OK'
    for wire in stalled:
        wire.socket.close()


def test_garbage_on_every_port(site):
    for name, port in site.ports.items():
        for data in (os.urandom(5000), b'\x16\x03\x01\xff\xff' + os.urandom(300), b'\0' * 3000, b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'):
            with socket.create_connection(('127.0.0.1', port), timeout=60) as s:
                s.settimeout(0.3)
                try:
                    s.sendall(data)
                    s.recv(1000)
                except OSError:
                    pass
