"""What outgoing mail demands of a connection: DANE, REQUIRETLS. The domains of the test stand in dns.zone, whose answers count as validated."""
import contextlib
import hashlib
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import PROGRAMS, end_site
from instance import Instance, free_port_base
from mail import HOST, Site, letter, mark
from test_revoke import new_user


class Partner:
    """A mail server of another organisation. Every host of the zone is this one; tls: what it offers."""

    def __init__(self, folder):
        self.letters, self.mails, self.in_clear, self.offers, self.certificate = [], [], 0, [b'STARTTLS'], 'partner'
        self.folder, self.lock, self.open = folder, threading.Lock(), []
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        for name in ('partner', 'other'):
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', f'/CN={name}',
                            '-keyout', os.path.join(folder, f'{name}.key'), '-out', os.path.join(folder, f'{name}.pem')], check=True, capture_output=True)
        threading.Thread(target=self.run, daemon=True).start()

    def tlsa(self, name):
        """3 1 1: SHA-256 of the public key."""
        der = subprocess.run(f'openssl x509 -in {self.folder}/{name}.pem -noout -pubkey | openssl pkey -pubin -outform der', shell=True, check=True,
                             capture_output=True).stdout
        return '3 1 1 ' + hashlib.sha256(der).hexdigest()

    def offer(self, *keywords):
        """From now on; connections that know better end."""
        with self.lock:
            self.offers, ending, self.open = list(keywords), self.open, []
        for conn in ending:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                conn = self.listener.accept()[0]
                with self.lock:
                    self.open.append(conn.dup())
                threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        with contextlib.suppress(OSError, ValueError), contextlib.closing(conn):
            file, secure = conn.makefile('rwb', 0), False
            file.write(b'220 partner ESMTP\r\n')
            while line := file.readline().strip():
                verb = line.upper().split()[0]
                if verb == b'EHLO':
                    offers = [o for o in self.offers if not (secure and o == b'STARTTLS')]
                    file.write(b'250-partner\r\n' + b''.join(b'250-' + o + b'\r\n' for o in offers) + b'250 HELP\r\n')
                elif verb == b'STARTTLS':
                    file.write(b'220 go\r\n')
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(os.path.join(self.folder, f'{self.certificate}.pem'), os.path.join(self.folder, f'{self.certificate}.key'))
                    conn = context.wrap_socket(conn, server_side=True)
                    file, secure = conn.makefile('rwb', 0), True
                elif verb == b'MAIL':
                    self.mails.append(line)
                    file.write(b'250 ok\r\n')
                elif verb == b'DATA':
                    file.write(b'354 go\r\n')
                    data = b''
                    while (piece := file.readline()) != b'.\r\n':
                        data += piece
                    with self.lock:
                        self.in_clear += not secure
                        self.letters.append(data)
                    file.write(b'250 2.0.0 taken\r\n')
                elif verb == b'QUIT':
                    file.write(b'221 bye\r\n')
                    return
                else:
                    file.write(b'250 ok\r\n')

    def has(self, text, seconds=60):
        end = time.monotonic() + seconds
        while not any(text.encode() in data for data in self.letters):
            assert time.monotonic() < end, 'the letter did not arrive'
            time.sleep(0.1)


@pytest.fixture(scope='module')
def partner(tmp_path_factory):
    return Partner(str(tmp_path_factory.mktemp('partner')))


@pytest.fixture(scope='module')
def dane_site(partner):
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    instance = Instance(directory, free_port_base(), PROGRAMS, options={'relay.port': partner.port, 'relay.retry': ['2s']})
    instance.setup()
    rows = []
    for domain in ('good', 'wrong', 'unusable', 'plain'):
        rows += [f'{domain}.example. 300 IN MX 10 mx.{domain}.example.', f'mx.{domain}.example. 300 IN A 127.0.0.1']
    for domain, record in (('good', partner.tlsa('partner')), ('wrong', partner.tlsa('other')), ('unusable', '0 1 1 ' + '00' * 32)):
        rows.append(f'_{partner.port}._tcp.mx.{domain}.example. 300 IN TLSA {record}')
    with open(instance.path('zone'), 'a', encoding='ascii') as f:
        f.write('\n'.join(rows) + '\n')
    site = Site(instance, [])
    try:
        instance.start()
        instance.cli('domain', 'add', 'demo.test')
        site.sender = new_user(site, 'sender')
        yield site
    finally:
        end_site(site)
        shutil.rmtree(directory, ignore_errors=True)


def send(site, to):
    text = mark()
    site.send(site.sender, [to], letter(site.sender['address'], to, text))
    return text


def job_for(site, address, seconds=60):
    end = time.monotonic() + seconds
    while True:
        for job in site.instance.cli('queue', 'list')['jobs']:
            shown = site.instance.cli('queue', 'show', job['id'], check=False)
            if shown[0] == 0 and address in str(shown[1]) and shown[1]['attempts'] > 0:
                return shown[1]
        assert time.monotonic() < end, f'{address} is not in the queue'
        time.sleep(0.2)


def test_a_certificate_that_the_records_vouch_for_is_enough(dane_site, partner):
    partner.offer(b'STARTTLS')
    before = partner.in_clear
    partner.has(send(dane_site, 'somebody@good.example'))
    assert partner.in_clear == before
    assert 'dane TLSv1' in log_of(dane_site)


def log_of(site):
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8') as f:
        return f.read()


def test_another_certificate_gets_no_letter(dane_site, partner):
    partner.offer(b'STARTTLS')
    text = send(dane_site, 'somebody@wrong.example')
    job = job_for(dane_site, 'somebody@wrong.example')
    assert job['state'] == 'deferred'
    assert not any(text.encode() in data for data in partner.letters)
    dane_site.instance.cli('queue', 'drop', job['id'], '--yes')


def test_without_starttls_a_domain_with_records_gets_nothing_in_clear(dane_site, partner):
    partner.offer()
    try:
        text = send(dane_site, 'anybody@good.example')
        job = job_for(dane_site, 'anybody@good.example')
        assert not any(text.encode() in data for data in partner.letters)
        dane_site.instance.cli('queue', 'drop', job['id'], '--yes')
        # Who has no records gets it as always.
        partner.has(send(dane_site, 'somebody@plain.example'))
    finally:
        partner.offer(b'STARTTLS')


def test_records_that_nobody_can_use_still_demand_tls(dane_site, partner):
    before = partner.in_clear
    partner.has(send(dane_site, 'somebody@unusable.example'))
    assert partner.in_clear == before
    assert 'encrypted TLSv1' in log_of(dane_site)


def submit_requiring_tls(site, to):
    text = mark()
    with smtplib.SMTP_SSL(HOST, site.ports['submissions'], context=site.tls()) as client:
        client.login(site.sender['address'], site.sender['password'])
        assert client.has_extn('requiretls')
        client.sendmail(site.sender['address'], [to], letter(site.sender['address'], to, text), mail_options=['REQUIRETLS'])
    return text


def test_a_letter_that_requires_tls_goes_only_to_who_promises_it_too(dane_site, partner):
    partner.offer(b'STARTTLS')
    refused = submit_requiring_tls(dane_site, 'first@good.example')
    dane_site.report(dane_site.sender, refused)
    partner.offer(b'STARTTLS', b'REQUIRETLS')
    partner.has(submit_requiring_tls(dane_site, 'second@good.example'))
    assert partner.mails[-1].endswith(b'REQUIRETLS')
    assert not any(refused.encode() in data for data in partner.letters)


def test_requiring_tls_needs_tls(dane_site):
    with smtplib.SMTP(HOST, dane_site.ports['smtp']) as client:
        client.ehlo('test')
        assert not client.has_extn('requiretls')
        assert client.docmd('MAIL FROM:<a@b.example> REQUIRETLS')[0] == 555
