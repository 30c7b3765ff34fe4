"""One letter never becomes two: whatever looks like its end, on its way in and at a partner who is lax about line ends."""
import base64
import contextlib
import re
import shutil
import socket
import tempfile
import threading
import time

import pytest

from conftest import PROGRAMS, end_site
from instance import UNLIMITED, Instance, free_port_base
from mail import HOST, Site, Wire, letter, mark
from test_revoke import new_user

# What somebody takes for the end of the data, and is none.
ENDS = {
    'lf': b'\n.\n', 'cr': b'\r.\r', 'lf crlf': b'\n.\r\n', 'crlf lf': b'\r\n.\n', 'crlf cr': b'\r\n.\r', 'cr crlf': b'\r.\r\n', 'cr lf': b'\r.\n',
    'lf cr': b'\n.\r', 'nul': b'\r\n\0.\r\n', 'nul behind': b'\r\n.\0\r\n', 'lf cr lf': b'\n\r.\r\n', 'two cr': b'\r\r\n.\r\r\n',
    'dot cr cr lf': b'\r\n.\r\r\n', 'blank': b'\r\n. \r\n', 'vertical': b'\x0b.\x0b', 'next line': b'\xc2\x85.\xc2\x85', 'separator': b'\xe2\x80\xa8.\xe2\x80\xa8',
}


class Lax:
    """A mail server that takes nearly anything for a line end, and so for the end of a letter."""

    def __init__(self):
        self.letters, self.mails = [], []
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, conn):
        buffer, data, ended = b'', None, re.compile(rb'(\r\n|\r|\n)\0?\.\0? ?(\r\n|\r|\n)')
        with contextlib.suppress(OSError), contextlib.closing(conn):
            conn.sendall(b'220 lax ESMTP\r\n')
            while got := conn.recv(65536):
                buffer += got
                while True:
                    if data is not None:
                        found = ended.search(b'\r\n' + buffer)
                        if found is None:
                            break
                        self.letters.append((b'\r\n' + buffer)[:found.start()])
                        buffer, data = (b'\r\n' + buffer)[found.end():], None
                        conn.sendall(b'250 2.0.0 taken\r\n')
                        continue
                    if b'\n' not in buffer:
                        break
                    line, buffer = buffer.split(b'\n', 1)
                    verb = line.strip().upper()[:4]
                    if verb == b'MAIL':
                        self.mails.append(line)
                    if verb == b'DATA':
                        data = b''
                    conn.sendall({b'DATA': b'354 go\r\n', b'EHLO': b'250-lax\r\n250 8BITMIME\r\n', b'QUIT': b'221 bye\r\n'}.get(verb, b'250 ok\r\n'))


@pytest.fixture(scope='module')
def lax():
    return Lax()


@pytest.fixture(scope='module')
def open_site(lax):
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    instance = Instance(directory, free_port_base(), PROGRAMS, options={'auth.password_policy': 'length', **UNLIMITED, 'relay.port': lax.port, 'relay.retry': ['1s']})
    instance.setup()
    with open(instance.path('zone'), 'a', encoding='ascii') as f:
        f.write('lax.example. 300 IN MX 10 mx.lax.example.\nmx.lax.example. 300 IN A 127.0.0.1\n')
    site = Site(instance, [])
    try:
        instance.start()
        instance.cli('domain', 'add', 'demo.test')
        site.reader = new_user(site, 'reader')
        yield site
    finally:
        end_site(site)
        shutil.rmtree(directory, ignore_errors=True)


def second(to):
    """The letter that hides in another one."""
    return f'MAIL FROM:<smuggled@demo.test>\r\nRCPT TO:<{to}>\r\nDATA\r\nFrom: smuggled@demo.test\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n'.encode()


@contextlib.contextmanager
def session(site, way):
    """A connection that may say MAIL, and who it is."""
    if way == 'smtp':
        with Wire(site.ports['smtp']) as wire:
            wire.reply()
            wire.say('EHLO mx.outside.test')
            yield wire, 'x@outside.test'
        return
    with Wire(site.ports['submissions'], site.tls()) as wire:
        wire.reply()
        wire.say('EHLO client.test')
        token = base64.b64encode(f'\0{site.reader["address"]}\0{site.reader["password"]}'.encode()).decode()
        assert wire.say(f'AUTH PLAIN {token}')[0] == 235
        yield wire, site.reader['address']


def subjects(site):
    with site.imap(site.reader) as client:
        client.select('INBOX', readonly=True)
        return client.search(None, 'SUBJECT', 'smuggled')[1][0].split()


@pytest.mark.parametrize('way', ['smtp', 'submissions'])
def test_only_one_sequence_ends_the_data(open_site, way):
    to = open_site.reader['address']
    for name, end in ENDS.items():
        with session(open_site, way) as (wire, sender):
            assert wire.say(f'MAIL FROM:<{sender}>')[0] == 250
            assert wire.say(f'RCPT TO:<{to}>')[0] == 250
            assert wire.say('DATA')[0] == 354
            # All at once, so that the commands would be pipelined, and one byte at a time around the end.
            body = letter(sender, to, mark()) + b'text'
            wire.send(body + end[:1])
            wire.send(end[1:] + second(to))
            code = wire.reply()[0]
            assert code == 250 or code >= 500, name
            wire.send('NOOP\r\n')
            assert wire.reply()[0] == 250, name
            if code == 250:
                assert b'\n.' not in end or name in ('nul behind', 'blank'), name
    assert not subjects(open_site)


@pytest.mark.parametrize('way', ['smtp', 'submissions'])
def test_a_chunk_ends_where_its_count_says(open_site, way):
    to = open_site.reader['address']
    for name, end in {**ENDS, 'right': b'\r\n.\r\n'}.items():
        with session(open_site, way) as (wire, sender):
            body = letter(sender, to, mark()) + b'text' + end + second(to)
            half = body.index(end) + 1
            wire.send(f'MAIL FROM:<{sender}>\r\nRCPT TO:<{to}>\r\nBDAT {half}\r\n'.encode() + body[:half] +
                      f'BDAT {len(body) - half} LAST\r\n'.encode() + body[half:] + b'NOOP\r\n')
            codes = [wire.reply()[0] for _ in range(5)]
            assert codes[:2] == [250, 250] and codes[4] == 250 and (codes[3] == 250 or codes[3] >= 500), (name, codes)
    assert not subjects(open_site)


def test_commands_do_not_hide_behind_a_chunk_that_lies(open_site):
    """A count that is no number ends the connection: nobody can tell what follows."""
    to = open_site.reader['address']
    for count in ('-1', '0x10', '18446744073709551616', '5 5', '1e3', '+5', ''):
        with session(open_site, 'smtp') as (wire, sender):
            wire.say(f'MAIL FROM:<{sender}>')
            wire.say(f'RCPT TO:<{to}>')
            wire.send(f'BDAT {count}\r\n'.encode() + second(to))
            assert wire.reply()[0] >= 400, count
            with contextlib.suppress(EOFError, OSError):
                while True:
                    assert wire.reply()[0] >= 400, count
    assert not subjects(open_site)


def test_a_letter_stays_one_at_a_partner_who_is_lax(open_site, lax):
    """Sent as lines, as chunks and as binary, with every end in it: what leaves is one letter, or it is refused."""
    to, sent, refused = 'somebody@lax.example', [], []
    for name, end in {**ENDS, 'right': b'\r\n.\r\n'}.items():
        for binary in ('BODY=8BITMIME', 'BODY=BINARYMIME'):
            text = mark()
            with session(open_site, 'submissions') as (wire, sender):
                body = letter(sender, to, text) + b'text' + end + second('victim@lax.example')
                assert wire.say(f'MAIL FROM:<{sender}> {binary}')[0] == 250
                assert wire.say(f'RCPT TO:<{to}>')[0] == 250
                wire.send(f'BDAT {len(body)} LAST\r\n'.encode() + body)
                code = wire.reply()[0]
                assert code == 250 or code >= 500, name
                # Of binary mail the partner knows nothing: it is returned.
                (sent if code == 250 and 'BINARY' not in binary else refused).append(text)
    assert len(sent) >= 3
    end = time.monotonic() + 30
    while not all(any(text.encode() in data for data in list(lax.letters)) for text in sent):
        assert time.monotonic() < end, 'a letter did not arrive'
        time.sleep(0.1)
    assert not any(b'smuggled@' in line for line in lax.mails), lax.mails
    assert not any(text.encode() in data for data in lax.letters for text in refused)


def test_line_ends_of_a_stored_letter_are_mended_on_its_way_out(open_site):
    """APPEND takes any bytes; a client that sends what it has stored sends lines."""
    text, user = mark(), open_site.reader
    data = letter(user['address'], user['address'], text) + b'a\n.\nMAIL FROM:<smuggled@demo.test>\r\n'
    with open_site.imap(user) as client:
        assert client.append('Drafts', None, None, data)[0] in ('OK', 'NO')
        assert client.noop()[0] == 'OK'
    assert not subjects(open_site)
