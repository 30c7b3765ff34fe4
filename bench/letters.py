"""Letters as they come from outside: twenty domains with SPF, DKIM and DMARC, and the DNS that knows them."""
import base64
import datetime
import os
import socket
import struct
import threading

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

DOMAINS = [f'sender{n}.example' for n in range(20)]
COUNT = 200
TEXT = ('Dear colleagues, the figures of the third quarter are on the page below; the meeting about the delivery plan is on {day}. '
        'Please send questions to me until then. 各位同事：第三季度的数据见下面的页面，交付计划会议在{day}召开，有问题请提前回复。\r\n')


def public_text(key):
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def make(folder, recipient):
    """Writes the letters as `load letters` takes them; returns the records: {(name, type): text}."""
    os.makedirs(folder)
    records, keys = {}, {}
    for domain in DOMAINS:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        keys[domain] = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        records[domain, 'TXT'] = 'v=spf1 ip4:127.0.0.0/8 -all'
        records[f'_dmarc.{domain}', 'TXT'] = 'v=DMARC1; p=reject'
        records[f's1._domainkey.{domain}', 'TXT'] = f'v=DKIM1; k=rsa; p={public_text(key)}'
        records[domain, 'MX'] = f'10 mx.{domain}.'
        records[domain, 'A'] = records[f'mx.{domain}', 'A'] = '127.0.0.1'
    for n in range(COUNT):
        domain = DOMAINS[n % len(DOMAINS)]
        with open(os.path.join(folder, f'{n:04d}'), 'wb') as f:
            f.write(f'person{n}@{domain}\n'.encode() + stuffed(letter(n, domain, recipient, keys[domain])) + b'.\r\n')
    return records


def letter(n, domain, recipient, key):
    today = datetime.datetime.now(datetime.timezone.utc)
    head = (f'From: Person Number{n} <person{n}@{domain}>\r\nTo: <{recipient}>\r\nSubject: Figures of the quarter, part {n}\r\n'
            f'Date: {today:%a, %d %b %Y %H:%M:%S} +0000\r\nMessage-ID: <{n}.bench@{domain}>\r\nMIME-Version: 1.0\r\n'
            'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n')
    body = f'https://www.{domain}/figures?part={n}\r\n'
    while len(body.encode()) < 3200:
        body += TEXT.format(day=f'day {n % 28 + 1}')
    raw = (head + body).encode()
    signature = dkim.sign(raw, b's1', domain.encode(), key, include_headers=[b'From', b'To', b'Subject', b'Date', b'Message-ID', b'MIME-Version', b'Content-Type'],
                          canonicalize=(b'relaxed', b'relaxed'))
    return signature + raw


def stuffed(raw):
    return raw.replace(b'\r\n.', b'\r\n..')


def write_zone(path, records):
    """For Letterlock's resolver."""
    with open(path, 'w', encoding='ascii') as f:
        for (name, kind), value in records.items():
            text = ' '.join(f'"{value[i:i + 200]}"' for i in range(0, len(value), 200)) if kind == 'TXT' else value
            f.write(f'{name}. 300 IN {kind} {text}\n')


class NameServer:
    """The same records over UDP, for the others; what it costs is not counted to them."""
    KINDS = {'A': 1, 'MX': 15, 'TXT': 16}

    def __init__(self, records):
        self.rows = {}
        for (name, kind), value in records.items():
            self.rows[name, self.KINDS[kind]] = self.data(kind, value)
        self.names = {name for name, _ in self.rows}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.queries = 0
        threading.Thread(target=self.serve, daemon=True).start()

    @staticmethod
    def data(kind, value):
        if kind == 'A':
            return socket.inet_aton(value)
        if kind == 'MX':
            preference, host = value.split()
            return struct.pack('>H', int(preference)) + b''.join(bytes([len(x)]) + x.encode() for x in host.rstrip('.').split('.')) + b'\0'
        return b''.join(bytes([len(value[i:i + 200])]) + value[i:i + 200].encode() for i in range(0, len(value), 200))

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            self.queries += 1
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode('latin-1').lower())
                at += 1 + query[at]
            name, kind = '.'.join(labels), struct.unpack('>H', query[at + 1:at + 3])[0]
            data = self.rows.get((name, kind))
            known = data is not None or name in self.names
            head = query[:2] + struct.pack('>HHHHH', 0x8580 if known else 0x8583, 1, 1 if data is not None else 0, 0, 0)
            answer = b'' if data is None else b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 300, len(data)) + data
            self.socket.sendto(head + query[12:at + 5] + answer, peer)
