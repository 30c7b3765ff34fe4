"""MTA-STS of the domains that mail goes to: policies over HTTPS, hosts that they name and their certificates, what outlives a restart."""
import contextlib
import email
import email.policy
import gzip
import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import PROGRAMS, end_site
from instance import Instance, free_port_base
from mail import HOST, Site
from test_revoke import new_user
from test_transport import Partner, job_for, log_of, send


def policy(mode, *hosts, max_age=604800):
    return ''.join(f'{line}\r\n' for line in ['version: STSv1', f'mode: {mode}', *(f'mx: {host}' for host in hosts), f'max_age: {max_age}'])


# Domain -> its policy file; None: the page does not exist. Every domain has one host, mx.<domain>.
POLICIES = {
    'named.example': policy('enforce', 'mx.named.example'),
    'wild.example': policy('enforce', '*.wild.example'),
    'stranger.example': policy('enforce', 'mx.elsewhere.example'),
    'wrong.example': policy('enforce', 'mx.wrong.example'),
    'testing.example': policy('testing', 'mx.elsewhere.example'),
    'ended.example': policy('none'),
    'missing.example': None,
    'kept.example': policy('enforce', 'mx.kept.example'),
    'both.example': policy('enforce', 'mx.elsewhere.example'),
}


class Policies:
    """The HTTPS server of all policy hosts."""

    def __init__(self, certificate, key):
        self.asked, self.reports, self.types = [], [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                domain = self.headers['Host'].split(':')[0].removeprefix('mta-sts.')
                outer.asked.append((domain, self.path))
                text = POLICIES.get(domain) if self.path == '/.well-known/mta-sts.txt' else None
                self.send_response(200 if text else 404)
                self.send_header('Content-Type', 'text/plain')
                self.end_headers()
                self.wfile.write((text or '').encode())

            def do_POST(self):
                outer.reports.append((self.path, self.headers['Content-Type'], self.rfile.read(int(self.headers['Content-Length']))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def times(self, domain):
        return sum(asked == domain for asked, _ in self.asked)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, capture_output=True)


def issue(folder, authority, name, hosts):
    """A certificate of the authority, {name}.pem and {name}.key."""
    base = os.path.join(folder, name)
    with open(f'{base}.ext', 'w', encoding='ascii') as f:
        f.write('basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=' + ','.join(f'DNS:{host}' for host in hosts) + '\n')
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}', '-keyout', f'{base}.key', '-out',
            f'{base}.csr')
    openssl('x509', '-req', '-in', f'{base}.csr', '-CA', os.path.join(authority, 'ca.pem'), '-CAkey', os.path.join(authority, 'ca.key'), '-set_serial',
            str(int.from_bytes(os.urandom(8), 'big')), '-days', '30', '-extfile', f'{base}.ext', '-out', f'{base}.pem')


@pytest.fixture(scope='module')
def partner(tmp_path_factory):
    return Partner(str(tmp_path_factory.mktemp('partner')))


def write_zone(instance, partner, records=True):
    rows = []
    for domain in [*POLICIES, 'plain.example']:
        rows += [f'{domain}. 300 IN MX 10 mx.{domain}.', f'mx.{domain}. 300 IN A {HOST}', f'mta-sts.{domain}. 300 IN A {HOST}']
        if records and domain in POLICIES:
            rows.append(f'_mta-sts.{domain}. 300 IN TXT "v=STSv1; id=20260101T000000;"')
    rows.append(f'_{partner.port}._tcp.mx.both.example. 300 IN TLSA {partner.tlsa("partner")}')
    rows += [f'reports.example. 300 IN A {HOST}', '_smtp._tls.wrong.example. 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@wrong.example"',
             f'_smtp._tls.testing.example. 300 IN TXT "v=TLSRPTv1; rua={instance.reports}"']
    instance.write_zone()
    with open(instance.path('zone'), 'a', encoding='ascii') as f:
        f.write('\n'.join(rows) + '\n')


@pytest.fixture(scope='module')
def sts_site(partner):
    directory = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    instance = Instance(directory, free_port_base(), PROGRAMS, options={'relay.port': partner.port, 'relay.retry': ['2s'], 'fetch.allow': ['127.0.0.0/8']})
    instance.prepare()
    instance.install_programs()
    instance.make_certificates()
    authority = instance.path('tls')
    issue(partner.folder, authority, 'policies', ['reports.example', *(f'mta-sts.{domain}' for domain in POLICIES)])
    issue(partner.folder, authority, 'right', [f'mx.{domain}' for domain in POLICIES if domain != 'wrong.example'])
    site = Site(instance, [])
    site.policies = Policies(os.path.join(partner.folder, 'policies.pem'), os.path.join(partner.folder, 'policies.key'))
    instance.options['relay.sts_port'] = site.policies.port
    instance.options['fetch.allow'].append(f'reports.example:{site.policies.port}')
    instance.reports = f'https://reports.example:{site.policies.port}/tls'
    write_zone(instance, partner)
    instance.write_config()
    try:
        instance.start()
        instance.cli('domain', 'add', 'demo.test')
        instance.cli('domain', 'dkim', 'add', 'demo.test')
        instance.cli('domain', 'dkim', 'rotate', 'demo.test', '--now')
        site.sender = new_user(site, 'sender')
        yield site
    finally:
        with contextlib.suppress(OSError):
            site.policies.close()
        end_site(site)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(autouse=True)
def honest(partner):
    shows(partner, 'right')


def shows(partner, certificate, *offers):
    """The partner's certificate from now on."""
    partner.certificate = certificate
    partner.offer(*(offers or (b'STARTTLS',)))


def reached(site, address):
    """What the log says of the delivery to the address."""
    end = time.monotonic() + 60
    while True:
        for line in log_of(site).splitlines():
            if 'event=queue.delivered' in line and f'to={address}' in line:
                return line
        assert time.monotonic() < end, f'{address} was not delivered'
        time.sleep(0.1)


def is_kept_back(site, partner, address):
    text = send(site, address)
    job = job_for(site, address)
    assert not any(text.encode() in data for data in partner.letters)
    return text, job


def drop(site, job):
    site.instance.cli('queue', 'drop', job['id'], '--yes')


@pytest.mark.parametrize('domain', ['named.example', 'wild.example'])
def test_a_named_host_with_the_right_certificate_gets_the_letter(sts_site, partner, domain):
    before = partner.in_clear
    partner.has(send(sts_site, f'somebody@{domain}'))
    partner.has(send(sts_site, f'again@{domain}'))
    assert partner.in_clear == before
    assert 'tls="sts TLSv1' in reached(sts_site, f'somebody@{domain}')


def test_a_policy_is_asked_for_once(sts_site, partner):
    partner.has(send(sts_site, 'first@named.example'))
    reached(sts_site, 'first@named.example')
    sts_site.instance.stop()
    sts_site.instance.start()
    asked = sts_site.policies.times('named.example')
    assert asked >= 1
    partner.has(send(sts_site, 'second@named.example'))
    assert sts_site.policies.times('named.example') == asked
    assert 'tls="sts TLSv1' in reached(sts_site, 'second@named.example')


def test_a_host_that_the_policy_does_not_name_gets_nothing(sts_site, partner):
    job = is_kept_back(sts_site, partner, 'somebody@stranger.example')[1]
    assert 'MTA-STS' in str(job)
    drop(sts_site, job)


def test_a_certificate_of_another_name_or_authority_gets_nothing(sts_site, partner):
    drop(sts_site, is_kept_back(sts_site, partner, 'somebody@wrong.example')[1])
    shows(partner, 'partner')
    drop(sts_site, is_kept_back(sts_site, partner, 'untrusted@named.example')[1])


def test_without_starttls_nothing_goes_in_clear(sts_site, partner):
    partner.offer()
    drop(sts_site, is_kept_back(sts_site, partner, 'bare@named.example')[1])


def test_testing_none_and_a_missing_policy_hold_nothing_up(sts_site, partner):
    shows(partner, 'partner')
    for domain in ('testing.example', 'ended.example', 'missing.example', 'plain.example'):
        partner.has(send(sts_site, f'somebody@{domain}'))
        assert 'tls="opportunistic TLSv1' in reached(sts_site, f'somebody@{domain}')
    assert sts_site.policies.times('testing.example') >= 1
    assert sts_site.policies.times('plain.example') == 0


def test_dane_counts_more_than_a_policy(sts_site, partner):
    shows(partner, 'partner')
    partner.has(send(sts_site, 'somebody@both.example'))
    assert 'tls="dane TLSv1' in reached(sts_site, 'somebody@both.example')


def tls_report(packed):
    report = json.loads(gzip.decompress(packed))
    assert report['organization-name'] == 'mail.demo.test' and report['report-id'] and report['date-range']['start-datetime'].endswith('T00:00:00Z')
    return report['policies']


def mailed_report(partner, domain):
    for data in partner.letters:
        message = email.message_from_bytes(data, policy=email.policy.default)
        if message['TLS-Report-Domain'] == domain:
            assert message['TLS-Report-Submitter'] == 'mail.demo.test' and f'Report Domain: {domain}' in message['Subject']
            assert 'd=demo.test' in message['DKIM-Signature'] and message.get_content_type() == 'multipart/report'
            part = next(p for p in message.walk() if p.get_content_type() == 'application/tlsrpt+gzip')
            assert part.get_filename().startswith(f'mail.demo.test!{domain}!')
            return part.get_content()
    return None


# What is wrong with TLS is told by mail although it is wrong, and over HTTPS.
def test_domains_that_ask_are_told_how_tls_went(sts_site, partner):
    drop(sts_site, is_kept_back(sts_site, partner, 'reported@wrong.example')[1])
    partner.has(send(sts_site, 'reported@testing.example'))
    end = time.monotonic() + 60
    while not (mailed_report(partner, 'wrong.example') and sts_site.policies.reports):
        assert time.monotonic() < end, (sts_site.policies.reports, log_of(sts_site)[-3000:])
        sts_site.instance.cli('domain', 'send-reports', check=False)
        time.sleep(0.5)
    wrong = tls_report(mailed_report(partner, 'wrong.example'))
    assert [p['policy']['policy-type'] for p in wrong] == ['sts'] and wrong[0]['policy']['mx-host'] == ['mx.wrong.example']
    assert 'mode: enforce' in wrong[0]['policy']['policy-string'] and wrong[0]['summary']['total-successful-session-count'] == 0
    assert wrong[0]['summary']['total-failure-session-count'] >= 1
    failure = wrong[0]['failure-details'][0]
    assert failure['result-type'] == 'certificate-host-mismatch' and failure['receiving-mx-hostname'] == 'mx.wrong.example'
    assert failure['receiving-ip'] == HOST and failure['sending-mta-ip'] == HOST
    path, kind, packed = sts_site.policies.reports[0]
    assert path == '/tls' and kind == 'application/tlsrpt+gzip'
    testing = next(p for p in tls_report(packed) if p['policy']['policy-type'] == 'sts')
    assert {f['result-type'] for f in testing['failure-details']} == {'validation-failure'}
    assert 'demo.test' not in str(testing)
    # It is told once, and who does not ask is told nothing.
    assert sts_site.instance.cli('domain', 'send-reports')['sent'] == 0
    assert mailed_report(partner, 'named.example') is None


# The last one: no policy can be had any more after it.
def test_neither_a_restart_nor_silence_ends_a_policy(sts_site, partner):
    partner.has(send(sts_site, 'before@kept.example'))
    reached(sts_site, 'before@kept.example')
    sts_site.instance.stop()
    sts_site.policies.close()
    write_zone(sts_site.instance, partner, records=False)
    shows(partner, 'partner')
    sts_site.instance.start()
    text = is_kept_back(sts_site, partner, 'after@kept.example')[0]
    shows(partner, 'right')
    partner.has(text)
    assert 'tls="sts TLSv1' in reached(sts_site, 'after@kept.example')
