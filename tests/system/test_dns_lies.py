"""A server of DNS that lies, is slow, huge, cut off or silent: no letter is lost or held up by it, and nothing falls over."""
import contextlib
import email
import email.policy
import os
import shutil
import socket
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import PROGRAMS, end_site
from instance import Instance, free_port_base
from mail import HOST, Site, fetch, letter, mark
from test_hostile import roles
from test_revoke import new_user

DNS_TIME = 2
SPF, DMARC = b'v=spf1 ip4:127.0.0.1 -all', b'v=DMARC1; p=reject'


def text_of(value):
    return b''.join(bytes([len(value[i:i + 255])]) + value[i:i + 255] for i in range(0, len(value), 255))


class Liar:
    """Answers by the second-to-last label of the name: <kind>.example. Over UDP and TCP."""

    def __init__(self):
        self.asked, self.over_tcp = {}, 0
        while True:
            self.udp, self.tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
            self.udp.bind((HOST, 0))
            self.port = self.udp.getsockname()[1]
            with contextlib.suppress(OSError):
                self.tcp.bind((HOST, self.port))
                break
        self.tcp.listen(64)
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def serve_udp(self):
        with contextlib.suppress(OSError):
            while True:
                query, peer = self.udp.recvfrom(4096)
                reply = self.answer(query, False)
                if reply is not None:
                    self.udp.sendto(reply, peer)

    def serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.talk, args=(self.tcp.accept()[0],), daemon=True).start()

    def talk(self, conn):
        with contextlib.suppress(OSError, struct.error), contextlib.closing(conn), conn.makefile('rb') as file:
            while size := file.read(2):
                query = file.read(struct.unpack('>H', size)[0])
                self.over_tcp += 1
                reply = self.answer(query, True)
                if reply is not None:
                    conn.sendall(struct.pack('>H', len(reply)) + reply)

    def answer(self, query, tcp):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode('latin-1').lower())
            at += 1 + query[at]
        kind, asked = struct.unpack('>H', query[at + 1:at + 3])[0], query[12:at + 5]
        topic = labels[-2] if len(labels) > 1 and labels[-1] == 'example' else ''
        self.asked[topic] = self.asked.get(topic, 0) + 1

        def reply(records, flags=0x8180, name=b'\xc0\x0c', kind=kind):
            out = query[:2] + struct.pack('>HHHHH', flags, 1, len(records), 0, 0) + asked
            return out + b''.join(name + struct.pack('>HHIH', kind, 1, 3600, len(r)) + r for r in records)

        texts = [text_of(DMARC if labels[0] == '_dmarc' else SPF)] if kind == 16 and labels[0] in ('_dmarc', topic) else []
        if topic == 'honest':
            return reply(texts)
        if topic == 'silent':
            return None
        if topic == 'refused':
            return reply([], 0x8185)
        if topic == 'broken':
            return reply([], 0x8182)
        if topic == 'cut':
            return reply(texts) if tcp else reply([], 0x8380)
        if topic == 'cutforever':
            return None if tcp else reply([], 0x8380)
        if topic == 'noise':
            return query[:2] + os.urandom(300)
        if topic == 'short':
            return reply(texts)[:-5] if texts else reply([])[:-3]
        if topic == 'loop':
            return reply([b'\xc0\x0c'], kind=5)
        if topic == 'pointer':
            return reply([b'\xc0\x0c' * 3], name=b'\xc0\x40')
        if topic == 'huge':
            return reply([text_of(b'v=spf1 ' + b'x' * 1000)] * 55) if tcp else reply([], 0x8380)
        if topic == 'count':
            return query[:2] + struct.pack('>HHHHH', 0x8180, 1, 65535, 65535, 65535) + asked
        if topic == 'badtext':
            return reply([b'\xff' + b'v=spf1 +all'], kind=16)
        if topic == 'other':
            return reply(texts, name=b'\x04evil\x07example\0')
        return reply([], 0x8183)


@pytest.fixture(scope='module')
def liar():
    return Liar()


@pytest.fixture(scope='module')
def lied_to(liar):
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    # Without an anchor answers are taken as they are; no other server is ever asked.
    instance = Instance(directory, free_port_base(), PROGRAMS, options={'dns.offline': 'no', 'dns.servers': [f'{HOST}:{liar.port}'],
                        'dns.trust_anchor': os.path.join(directory, 'no-anchor'), 'trust.dns_time': f'{DNS_TIME}s', 'auth.password_policy': 'length'})
    instance.setup()
    site = Site(instance, [])
    try:
        instance.start()
        instance.cli('domain', 'add', 'demo.test')
        site.reader = new_user(site, 'reader')
        before = {k: v['restarts'] for k, v in roles(site).items()}
        yield site
        assert {k: v['restarts'] for k, v in roles(site).items()} == before, 'a role was restarted'
    finally:
        end_site(site)
        shutil.rmtree(directory, ignore_errors=True)


def deliver(site, domain):
    text, to = mark(), site.reader['address']
    site.deliver([to], letter(f'ann@{domain}', to, text), sender=f'ann@{domain}')
    return text


def results(site, text):
    end = time.monotonic() + 30
    while True:
        for mailbox in ('INBOX', 'Junk'):
            with site.imap(site.reader) as client:
                client.select(mailbox, readonly=True)
                for number in client.search(None, 'SUBJECT', f'"{text}"')[1][0].split():
                    return email.message_from_bytes(fetch(client, number), policy=email.policy.default)['Authentication-Results']
        assert time.monotonic() < end, 'it did not arrive'
        time.sleep(0.1)


def test_an_honest_answer_counts(lied_to, liar):
    said = results(lied_to, deliver(lied_to, 'honest.example'))
    assert 'spf=pass' in said and 'dmarc=pass' in said
    said = results(lied_to, deliver(lied_to, 'cut.example'))
    assert 'spf=pass' in said and 'dmarc=pass' in said and liar.over_tcp > 0


@pytest.mark.parametrize('topic', ['refused', 'broken', 'cutforever', 'noise', 'short', 'loop', 'pointer', 'huge', 'count', 'badtext', 'other', 'silent'])
def test_a_letter_arrives_whatever_the_answer(lied_to, liar, topic):
    said = results(lied_to, deliver(lied_to, f'{topic}.example'))
    assert liar.asked[topic] > 0
    assert 'spf=pass' not in said and 'dmarc=pass' not in said and 'dmarc=fail' not in said
    if topic in ('refused', 'broken', 'silent', 'cutforever'):
        assert 'spf=temperror' in said and 'dmarc=temperror' in said


def test_silence_holds_up_nobody_else(lied_to):
    """Many letters wait for a silent server; another one, whose answers come, does not wait for them."""
    results(lied_to, deliver(lied_to, 'honest.example'))  # known from here on: a server that was silent is asked less
    waiting = 40
    with ThreadPoolExecutor(waiting) as pool:
        slow = [pool.submit(deliver, lied_to, f'n{n}.silent.example') for n in range(waiting)]
        assert 'dmarc=pass' in results(lied_to, deliver(lied_to, 'honest.example'))
        texts = [one.result(timeout=60) for one in slow]
    assert 'spf=temperror' in results(lied_to, texts[0])
