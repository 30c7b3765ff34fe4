"""The JMAP client of the tests: requests and calls by name, uploads, event sources, WebSockets."""
import base64
import functools
import hashlib
import http.client
import json
import os
import socket
import struct

from mail import HOST

CORE, MAIL, BLOB, QUOTA, SIEVE = (f'urn:ietf:params:jmap:{name}' for name in ('core', 'mail', 'blob', 'quota', 'sieve'))
NAME = 'mail.demo.test'


class JmapError(Exception):
    """The error that a method answered."""


class Jmap:
    """What one user's program sees."""

    using = (CORE, MAIL, BLOB)

    def __init__(self, site, user, password=None, authorization=None):
        self.site, self.user = site, user
        pair = f'{user["address"]}:{password or user["password"]}'.encode()
        self.authorization = authorization or 'Basic ' + base64.b64encode(pair).decode()

    def ask(self, method, path, body=None, headers=None):
        """(status, fields, body)"""
        client = http.client.HTTPSConnection(HOST, self.site.ports['https'], context=self.site.tls(), timeout=60)
        try:
            client.request(method, path, body, {'Host': NAME, 'Authorization': self.authorization, **(headers or {})})
            answer = client.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            client.close()

    def session(self):
        status, _, body = self.ask('GET', '/jmap/session')
        assert status == 200, (status, body)
        return json.loads(body)

    @functools.cached_property
    def account(self):
        return next(iter(self.session()['accounts']))

    def api(self, body, content='application/json'):
        status, _, answer = self.ask('POST', '/jmap/api', body if isinstance(body, (bytes, str)) else json.dumps(body), {'Content-Type': content})
        return status, json.loads(answer)

    def calls(self, *calls, using=None, **more):
        """The answers of the methods. A call is a list as it goes out, or (name, arguments), which gets accountId and a number."""
        calls = [[one[0], {'accountId': self.account, **one[1]}, str(n)] if isinstance(one, tuple) else one for n, one in enumerate(calls)]
        status, answer = self.api({'using': list(using or self.using), 'methodCalls': calls, **more})
        assert status == 200, answer
        return answer['methodResponses']

    def call(self, name, args=None, **more):
        """The arguments of one answer."""
        answer = self.calls((name, {**(args or {}), **more}))[0]
        if answer[0] == 'error':
            raise JmapError(answer[1])
        return answer[1]

    def mailbox(self, name):
        return next((m for m in self.call('Mailbox/get', ids=None)['list'] if m['name'] == name), None)

    def find(self, subject):
        return self.call('Email/query', filter={'subject': subject})['ids']

    def upload(self, data, kind='application/octet-stream'):
        status, _, body = self.ask('POST', f'/jmap/upload/{self.account}/', data, {'Content-Type': kind})
        return status, json.loads(body)

    def download(self, blob, name='file', accept=None):
        return self.ask('GET', f'/jmap/download/{self.account}/{blob}/{name}' + (f'?accept={accept}' if accept else ''))


class Events:
    """An event source: events come one by one."""

    def __init__(self, jmap, query, last=None):
        self.client = http.client.HTTPSConnection(HOST, jmap.site.ports['https'], context=jmap.site.tls(), timeout=60)
        self.client.request('GET', '/jmap/eventsource?' + query, headers={'Host': NAME, 'Authorization': jmap.authorization,
                            **({'Last-Event-ID': last} if last else {})})
        self.answer = self.client.getresponse()
        self.status, self.kind = self.answer.status, self.answer.getheader('Content-Type')

    def next(self):
        """(event, data, id); None at the end."""
        found = {}
        while line := self.answer.readline():
            line = line.decode().rstrip('\n')
            if not line and 'event' in found:
                return found['event'], json.loads(found['data']), found.get('id')
            name, _, value = line.partition(': ')
            if name:
                found[name] = value
        return None

    def close(self):
        self.client.close()


class Socket:
    """JMAP over WebSocket (RFC 8887)."""

    def __init__(self, jmap, protocol='jmap'):
        self.plain = socket.create_connection((HOST, jmap.site.ports['https']), timeout=60)
        self.sock = jmap.site.tls().wrap_socket(self.plain, server_hostname=HOST)
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(f'GET /jmap/ws HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: {jmap.authorization}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
                          f'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n'.encode())
        self.file = self.sock.makefile('rb')
        self.status = int(self.file.readline().split()[1])
        self.fields = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(': ')
            self.fields[name.lower()] = value
        self.expected = base64.b64encode(hashlib.sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()

    def frame(self, op, data, fin=True, mask=b'\x01\x02\x03\x04'):
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b'\xfe' + struct.pack('>H', len(data)) if len(data) < 65536 \
            else b'\xff' + struct.pack('>Q', len(data))
        self.sock.sendall(bytes([(0x80 if fin else 0) | op]) + length + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(data)))

    def send(self, message):
        self.frame(1, json.dumps(message).encode())

    def read_frame(self):
        head = self.file.read(2)
        if len(head) < 2:
            return None, None, b''
        n = head[1] & 0x7f
        if n == 126:
            n = struct.unpack('>H', self.file.read(2))[0]
        elif n == 127:
            n = struct.unpack('>Q', self.file.read(8))[0]
        return head[0] & 0x0f, bool(head[0] & 0x80), self.file.read(n)

    def receive(self):
        """The next message; None when the server closes."""
        text = b''
        while True:
            op, fin, data = self.read_frame()
            if op in (None, 8):
                return None
            if op in (9, 10):
                continue
            text += data
            if fin:
                return json.loads(text)

    def close(self):
        self.file.close()
        self.sock.close()
