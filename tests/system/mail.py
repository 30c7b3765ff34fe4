"""Small words for the system tests: send, sign in, wait, compare."""
import contextlib
import hashlib
import imaplib
import os
import re
import smtplib
import socket
import ssl
import time
import uuid

HOST = '127.0.0.1'
imaplib._MAXLINE = 100_000_000


def mark():
    return 'm' + uuid.uuid4().hex[:20]


def letter(sender, to, subject, body='Hello.\r\n', extra=''):
    to = to if isinstance(to, str) else ', '.join(to)
    return (f'From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n'
            f'Message-ID: <{uuid.uuid4().hex}@test.invalid>\r\n{extra}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n'
            f'Content-Transfer-Encoding: 8bit\r\n\r\n{body}').encode()


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Site:
    """The running instance with its people."""

    def __init__(self, instance, users):
        self.instance, self.users, self.ports = instance, users, instance.ports

    def user(self, local):
        return next(u for u in self.users if u['address'].startswith(local + '@'))

    def tls(self):
        context = ssl.create_default_context(cafile=self.instance.path('ca.pem'))
        context.check_hostname = False
        return context

    @contextlib.contextmanager
    def imap(self, user, password=None):
        client = imaplib.IMAP4_SSL(HOST, self.ports['imaps'], ssl_context=self.tls(), timeout=60)
        try:
            client.login(user['address'], password or user['password'])
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.logout()

    @contextlib.contextmanager
    def smtp(self, user=None, password=None):
        """Signed in over 465, or a stranger at 25."""
        if user is None:
            client = smtplib.SMTP(HOST, self.ports['smtp'], local_hostname='mx.outside.test', timeout=60)
        else:
            client = smtplib.SMTP_SSL(HOST, self.ports['submissions'], context=self.tls(), timeout=60)
            client.login(user['address'], password or user['password'])
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.quit()

    def deliver(self, to, data, sender='stranger@outside.test'):
        with self.smtp() as client:
            return client.sendmail(sender, to, data)

    def send(self, user, to, data, **options):
        with self.smtp(user) as client:
            return client.sendmail(user['address'], to, data, **options)

    def find(self, user, subject, mailbox='INBOX', seconds=60, count=1):
        """The raw messages with this subject, waiting until there are `count`."""
        end = time.monotonic() + seconds
        while True:
            with self.imap(user) as client:
                client.select(mailbox, readonly=True)
                numbers = client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()
                if len(numbers) >= count:
                    return [fetch(client, n) for n in numbers]
            assert time.monotonic() < end, f'{len(numbers)} of {count} messages after {seconds} s'
            time.sleep(0.1)

    def report(self, user, text, seconds=60):
        """The delivery report in INBOX that contains the text."""
        end = time.monotonic() + seconds
        while True:
            with self.imap(user) as client:
                client.select('INBOX', readonly=True)
                for number in client.search(None, 'FROM', 'MAILER-DAEMON')[1][0].split():
                    raw = fetch(client, number)
                    if text.encode() in raw:
                        return raw
            assert time.monotonic() < end, f'no report about {text} after {seconds} s'
            time.sleep(0.2)

    def outside_files(self):
        for folder, _, names in os.walk(os.path.realpath(self.instance.path('outside'))):
            for name in names:
                if not name.startswith('.'):  # being written
                    yield os.path.join(folder, name)

    def outside_has(self, text, seconds=60):
        """The file below outside/ that contains the text."""
        end = time.monotonic() + seconds
        while True:
            for path in self.outside_files():
                with open(path, 'rb') as f:
                    if text.encode() in f.read():
                        return path
            assert time.monotonic() < end, f'nothing outside contains {text} after {seconds} s'
            time.sleep(0.1)


def fetch(client, number):
    parts = client.fetch(number, '(BODY.PEEK[])')[1]
    return next(p[1] for p in parts if isinstance(p, tuple))


def all_messages(client, mailbox='INBOX'):
    assert client.select(mailbox, readonly=True)[0] == 'OK'
    numbers = client.search(None, 'ALL')[1][0].split()
    return [fetch(client, n) for n in numbers]


class Wire:
    """A raw connection that reads lines with a deadline."""

    def __init__(self, port, tls=None, timeout=60, host=HOST):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        while b'\n' not in self.buffer:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError(self.buffer)
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.rstrip(b'\r')

    def reply(self):
        """One SMTP reply: its code and all its lines."""
        lines = [self.line()]
        while lines[-1][3:4] == b'-':
            lines.append(self.line())
        return int(lines[-1][:3]), lines

    def say(self, data):
        self.send(data + '\r\n' if isinstance(data, str) else data + b'\r\n')
        return self.reply()

    def tagged(self, tag, command=None):
        """Sends an IMAP command and reads to its tagged answer."""
        if command is not None:
            self.send(f'{tag} {command}\r\n')
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if line.startswith(tag.encode() + b' '):
                return line, lines

    def is_closed(self):
        """True when the other side ends the connection before the deadline."""
        try:
            while self.socket.recv(65536):
                pass
        except (ConnectionResetError, ssl.SSLError, BrokenPipeError):
            return True
        except TimeoutError:
            return False
        return True


def memory_kb(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return int(re.search(r'VmHWM:\s+(\d+)', f.read()).group(1))
