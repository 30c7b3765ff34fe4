"""All outgoing mail through a host that wants a name and a password."""
import base64
import contextlib
import os
import shutil
import socket
import ssl
import tempfile
import threading
import time

import pytest

from conftest import PROGRAMS, end_site
from instance import Instance, free_port_base
from mail import HOST, Site, letter, mark
from test_revoke import new_user

USER, PASSWORD = 'example-org', 'a smart pass word'


class SmartHost:
    """An SMTP host of the test. It takes mail after a sign-in, which it offers only under TLS."""

    def __init__(self, mechanisms):
        self.mechanisms, self.tries, self.letters, self.plain_commands = mechanisms, [], [], []
        self.listener = socket.create_server((HOST, 0))
        self.port, self.context, self.good = self.listener.getsockname()[1], None, PASSWORD
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, conn):
        with contextlib.suppress(OSError, ValueError), contextlib.closing(conn):
            self.file, secure, signed_in = conn.makefile('rwb', 0), False, False
            file = self.file
            file.write(b'220 smart ESMTP\r\n')
            while line := file.readline().strip():
                verb = line.upper().split()[0]
                if not secure:
                    self.plain_commands.append(verb)
                if verb == b'EHLO':
                    file.write(b'250-smart\r\n250 ' + (b'AUTH ' + self.mechanisms if secure else b'STARTTLS') + b'\r\n')
                elif verb == b'STARTTLS':
                    file.write(b'220 go\r\n')
                    conn = self.context.wrap_socket(conn, server_side=True)
                    file, secure = conn.makefile('rwb', 0), True
                elif verb == b'AUTH':
                    signed_in = secure and self.check(line, file)
                    file.write(b'235 2.7.0 welcome\r\n' if signed_in else b'535 5.7.8 no\r\n')
                elif verb == b'DATA' and signed_in:
                    file.write(b'354 go\r\n')
                    data = b''
                    while (piece := file.readline()) != b'.\r\n':
                        data += piece
                    self.letters.append(data)
                    file.write(b'250 2.0.0 taken\r\n')
                elif verb == b'QUIT':
                    file.write(b'221 bye\r\n')
                    return
                else:
                    file.write(b'250 ok\r\n' if signed_in else b'530 5.7.0 sign in first\r\n')

    def check(self, line, file):
        words = line.split()
        if words[1].upper() == b'PLAIN':
            _, user, password = base64.b64decode(words[2]).split(b'\0')
        else:
            answers = []
            for question in (b'Username:', b'Password:'):
                file.write(b'334 ' + base64.b64encode(question) + b'\r\n')
                answers.append(base64.b64decode(file.readline()))
            user, password = answers
        self.tries.append((words[1].upper().decode(), user.decode(), password.decode()))
        return self.tries[-1][1:] == (USER, self.good)


@contextlib.contextmanager
def site_with(host):
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    options = {'relay.smart_host': f'mx.outside.test:{host.port}', 'relay.user': USER,
               'relay.password_file': os.path.join(directory, 'smarthost.password'), 'relay.retry': ['2s']}
    instance = Instance(directory, free_port_base(), PROGRAMS, options=options)
    instance.setup()
    instance.write('smarthost.password', PASSWORD + '\n')
    # We run as another user than the instance, perhaps: a copy of its certificate.
    host.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    host.context.load_cert_chain(instance.path('tls', 'outside.pem'), instance.path('tls', 'outside.key'))
    site = Site(instance, [])
    try:
        instance.start()
        instance.cli('domain', 'add', 'demo.test')
        yield site
    finally:
        end_site(site)
        shutil.rmtree(directory, ignore_errors=True)


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, 'it did not happen'
        time.sleep(0.1)


@pytest.mark.parametrize('mechanisms,used', [(b'LOGIN PLAIN', 'PLAIN'), (b'LOGIN XOAUTH2', 'LOGIN')])
def test_mail_leaves_through_a_smart_host_after_a_sign_in_under_tls(mechanisms, used):
    host, text = SmartHost(mechanisms), mark()
    with site_with(host) as site:
        host.good = 'another one for now'
        user = new_user(site, 'sender')
        site.send(user, ['friend@elsewhere.example'], letter(user['address'], 'friend@elsewhere.example', text))
        # A refused sign-in is a matter of the configuration: the letter waits.
        wait_for(lambda: host.tries)
        host.good = PASSWORD
        wait_for(lambda: [d for d in host.letters if text.encode() in d])
        assert set(host.tries) == {(used, USER, PASSWORD)}
        assert set(host.plain_commands) <= {b'EHLO', b'STARTTLS'}
        for name in os.listdir(site.instance.path('log')):
            with open(site.instance.path('log', name), encoding='utf-8', errors='replace') as f:
                log = f.read()
            assert PASSWORD not in log and base64.b64encode(PASSWORD.encode()).decode() not in log
