"""Certificates: ordered from a certification authority (Pebble), brought by somebody, shown by name."""
import base64
import datetime
import http.server
import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

DOMAIN, HOST = 'demo.test', 'mail.demo.test'


def wait_for(what, seconds=90):
    until = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < until, 'it does not happen'
        time.sleep(0.2)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Authority:
    """Pebble and its DNS. A fifth of all nonces is refused: the client has to cope."""

    def __init__(self, instance, bound=None):
        self.folder, self.bound = tempfile.mkdtemp(prefix='letterlock-pebble-', dir='/var/tmp'), bound
        instance.issue('pebble', 'pebble.example')
        # A port that was free may be taken by the time it is used.
        for _ in range(5):
            self.processes = []
            if self.start_both(instance):
                return
            self.end_processes()
        raise AssertionError(self.log())

    def start_both(self, instance):
        dns, management, port = free_port(), free_port(), free_port()
        config = {'listenAddress': f'127.0.0.1:{port}', 'managementListenAddress': f'127.0.0.1:{free_port()}',
                  'certificate': instance.path('tls', 'pebble.pem'), 'privateKey': instance.path('tls', 'pebble.key'),
                  'httpPort': instance.ports['http'], 'tlsPort': instance.ports['https'], 'ocspResponderURL': '', 'externalAccountBindingRequired': self.bound is not None, 'externalAccountMACKeys': self.bound or {},
                  'domainBlocklist': ['blocked-domain.example']}
        with open(os.path.join(self.folder, 'config.json'), 'w', encoding='utf-8') as f:
            json.dump({'pebble': config}, f)
        self.url, self.management = f'https://127.0.0.1:{port}/dir', management
        self.start('dns', ['pebble-challtestsrv', '-dns01', f'127.0.0.1:{dns}', '-http01', '', '-https01', '', '-tlsalpn01', '', '-management',
                           f'127.0.0.1:{management}', '-defaultIPv6', ''])
        self.start('pebble', ['pebble', '-config', os.path.join(self.folder, 'config.json'), '-dnsserver', f'127.0.0.1:{dns}'])
        wait_for(lambda: (self.answers(port) and self.answers(management)) or self.have_ended())
        return not self.have_ended()

    def have_ended(self):
        return any(process.poll() is not None for process in self.processes)

    def start(self, name, words):
        environment = {**os.environ, 'PEBBLE_VA_NOSLEEP': '1', 'PEBBLE_WFE_NONCEREJECT': '20', 'PEBBLE_AUTHZREUSE': '0'}
        with open(os.path.join(self.folder, f'{name}.log'), 'wb') as log:
            self.processes.append(subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment))

    @staticmethod
    def answers(port):
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return True
        except OSError:
            return False

    def log(self):
        with open(os.path.join(self.folder, 'pebble.log'), encoding='utf-8', errors='replace') as f:
            return f.read()

    def end_processes(self):
        for process in self.processes:
            process.terminate()
            process.wait(30)

    def stop(self):
        self.end_processes()
        shutil.rmtree(self.folder, ignore_errors=True)


    def put_txt(self, name, value):
        body = json.dumps({'host': f'{name}.', 'value': value}).encode()
        urllib.request.urlopen(f'http://127.0.0.1:{self.management}/set-txt', body, timeout=60).close()


class Renewals:
    """The directory of an authority that also says when to renew (RFC 9773); everything else is at the authority itself."""

    def __init__(self, instance, authority):
        renewals = self
        self.window, self.asked = (0, 0), []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == '/dir':
                    context = ssl.create_default_context(cafile=instance.path('ca.pem'))
                    context.check_hostname = False
                    with urllib.request.urlopen(authority.url, context=context, timeout=60) as answer:
                        said = {**json.load(answer), 'renewalInfo': renewals.url.replace('/dir', '/renewal')}
                else:
                    renewals.asked.append(self.path)
                    said = {'suggestedWindow': dict(zip(('start', 'end'), (datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
                                                                          for t in renewals.window)))}
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(instance.path('tls', 'pebble.pem'), instance.path('tls', 'pebble.key'))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f'https://127.0.0.1:{self.server.server_port}/dir'
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def configure(instance, **options):
    for name, value in options.items():
        instance.options[name.replace('__', '.')] = value
    instance.write_config()
    instance.cli('reload')


@pytest.fixture(scope='module')
def authority(site):
    made = Authority(site.instance)
    before = dict(site.instance.options)
    configure(site.instance, tls__acme=made.url, fetch__allow=['127.0.0.0/8'])
    yield made
    site.instance.options.clear()
    site.instance.options.update(before)
    configure(site.instance)
    made.stop()


def shown(instance, name, service='https', alpn=None):
    """The certificate that a client sees which asks for that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    with socket.create_connection(('127.0.0.1', instance.ports[service]), 30) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
        return x509.load_der_x509_certificate(tls.getpeercert(True))


def names_of(certificate):
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


def row(instance, number):
    return next((r for r in instance.cli('tls', 'list')['certificates'] if r['id'] == number), None)


def order(instance, *names):
    number = instance.cli('tls', 'order', *names)['id']
    return number, wait_for(lambda: (lambda r: r if r['ends'] or r['failures'] else None)(row(instance, number)))


def test_http_01_orders_and_every_edge_shows_it(site, authority):
    number, made = order(site.instance, HOST, f'mta-sts.{DOMAIN}')
    assert made['state'] == 'active', made['error'] + authority.log()[-3000:]
    assert made['source'] == 'acme' and sorted(made['names']) == [HOST, f'mta-sts.{DOMAIN}']
    life = made['ends'] - made['starts']
    assert made['starts'] + life * 0.6 < made['attempt'] < made['starts'] + life * 0.7
    for service in ('https', 'imaps', 'submissions', 'management'):
        certificate = wait_for(lambda s=service: (lambda c: c if 'Pebble' in c.issuer.rfc4514_string() else None)(shown(site.instance, HOST, s)))
        assert HOST in names_of(certificate)
    # Other names have the certificate of the configuration.
    assert 'Letterlock demo CA' in shown(site.instance, 'localhost').issuer.rfc4514_string()
    first = shown(site.instance, HOST)
    site.instance.cli('tls', 'renew', str(number))
    second = wait_for(lambda: (lambda c: c if c.serial_number != first.serial_number else None)(shown(site.instance, HOST)))
    assert second.public_key().public_numbers() == first.public_key().public_numbers(), 'renewed with the same key, for DANE'
    site.instance.cli('tls', 'remove', str(number))
    wait_for(lambda: 'Letterlock demo CA' in shown(site.instance, HOST).issuer.rfc4514_string())


def test_tls_alpn_01(site, authority):
    configure(site.instance, tls__acme_challenge='tls-alpn-01')
    try:
        number, made = order(site.instance, f'autoconfig.{DOMAIN}')
        assert made['state'] == 'active', made['error'] + authority.log()[-3000:]
        assert f'http://autoconfig.{DOMAIN}' not in authority.log(), 'it was not proven over HTTP'
        site.instance.cli('tls', 'remove', str(number))
        with pytest.raises(ssl.SSLError):
            shown(site.instance, f'autoconfig.{DOMAIN}', alpn=['acme-tls/1'])
    finally:
        configure(site.instance, tls__acme_challenge='http-01')


def test_a_refused_order_waits_and_says_why(site, authority):
    number, made = order(site.instance, 'blocked-domain.example')
    assert made['failures'] == 1 and made['state'] == 'fails' and 'refused' in made['error'], made
    assert made['attempt'] >= time.time() + 200
    site.instance.cli('tls', 'remove', str(number))
    code, _, error = site.instance.cli('tls', 'order', 'not a name', check=False)
    assert code != 0 and 'no host name' in error


def test_dns_01_by_whoever_puts_the_record_there(site, authority):
    """A wildcard: the list says what is wanted, and the order goes on when DNS has it."""
    name = f'wild-{secrets.token_hex(4)}.{DOMAIN}'
    number = site.instance.cli('tls', 'order', f'*.{name}')['id']
    said = wait_for(lambda: row(site.instance, number)['error'])
    assert said.startswith(f'waits for _acme-challenge.{name} TXT "'), said
    value = said.split('"')[1]
    authority.put_txt(f'_acme-challenge.{name}', value)
    with open(site.instance.path('zone'), encoding='ascii') as f:
        zone = f.read()
    site.instance.write('zone', zone + f'_acme-challenge.{name}. 1 IN TXT "{value}"\n')
    site.instance.cli('reload')
    try:
        made = wait_for(lambda: (lambda r: r if r['ends'] or r['failures'] else None)(row(site.instance, number)))
        assert made['state'] == 'active', made['error'] + authority.log()[-3000:]
        assert names_of(wait_for(lambda: (lambda c: c if 'Pebble' in c.issuer.rfc4514_string() else None)(shown(site.instance, f'any.{name}')))) == [f'*.{name}']
    finally:
        site.instance.write('zone', zone)
        site.instance.cli('tls', 'remove', str(number))
        site.instance.cli('reload')


def test_an_account_that_the_authority_knows_already(site, authority):
    """External account binding: without it nothing, with a wrong key nothing."""
    kid, key = 'kid-7', base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b'=').decode()
    strict = Authority(site.instance, {kid: key})
    path = site.instance.path('eab')
    try:
        for line, state in (('', 'fails'), (f'{kid} {key[::-1]}\n', 'fails'), (f'{kid} {key}\n', 'active')):
            site.instance.write('eab', line)
            os.chmod(path, 0o600)
            configure(site.instance, tls__acme=strict.url, tls__acme_eab_file=path if line else '')
            number, made = order(site.instance, f'mta-sts.{DOMAIN}')
            site.instance.cli('tls', 'remove', str(number))
            assert made['state'] == state, (line and line[:6], made['error'], strict.log()[-2000:])
    finally:
        configure(site.instance, tls__acme=authority.url, tls__acme_eab_file='')
        strict.stop()


def test_the_authority_says_when_to_renew(site, authority):
    renewals, now = Renewals(site.instance, authority), int(time.time())
    try:
        configure(site.instance, tls__acme=renewals.url)
        renewals.window = (now + 100_000, now + 200_000)
        number, made = order(site.instance, f'mta-sts.{DOMAIN}')
        assert made['state'] == 'active', made['error'] + authority.log()[-3000:]
        wait_for(lambda: renewals.window[0] <= row(site.instance, number)['attempt'] <= renewals.window[1])
        first = wait_for(lambda: (lambda c: c if 'Pebble' in c.issuer.rfc4514_string() else None)(shown(site.instance, f'mta-sts.{DOMAIN}')))
        issuer = first.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        serial = first.serial_number.to_bytes(first.serial_number.bit_length() // 8 + 1, 'big')
        encoded = '.'.join(base64.urlsafe_b64encode(part).rstrip(b'=').decode() for part in (issuer, serial))
        assert renewals.asked == [f'/renewal/{encoded}']
        site.instance.cli('tls', 'remove', str(number))
        # It has to be revoked: the window is over, so it is renewed at once.
        renewals.window = (now - 200_000, now - 100_000)
        number, made = order(site.instance, f'mta-sts.{DOMAIN}')
        wait_for(lambda: len(renewals.asked) >= 2)
        second = int.from_bytes(base64.urlsafe_b64decode(renewals.asked[1].rpartition('.')[2] + '=='), 'big')
        wait_for(lambda: (lambda c: 'Pebble' in c.issuer.rfc4514_string() and c.serial_number not in (first.serial_number, second))(shown(site.instance, f'mta-sts.{DOMAIN}')))
        site.instance.cli('tls', 'remove', str(number))
    finally:
        configure(site.instance, tls__acme=authority.url)
        renewals.close()


class Maker:
    """A certification authority with an intermediate one."""

    def __init__(self):
        self.root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = self.sign('Root', self.root_key.public_key(), 'Root', self.root_key, ca=True)
        self.intermediate = self.sign('Intermediate', self.key.public_key(), 'Root', self.root_key, ca=True)

    @staticmethod
    def sign(subject, public, issuer, key, ca=False, names=(), days=90, extensions=()):
        def name(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(public).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(ca, None), True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        return builder.sign(key, hashes.SHA256())

    def leaf(self, public, *names, **more):
        return self.sign(names[0], public, 'Intermediate', self.key, names=names, **more)


def pem(*certificates):
    return b''.join(c.public_bytes(serialization.Encoding.PEM) for c in certificates).decode()


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def given(folder, name, text):
    path = folder / name
    path.write_text(text)
    return str(path)


def test_uploaded_certificates_are_put_in_order_and_weak_ones_refused(site, folder):
    maker, key = Maker(), rsa.generate_private_key(65537, 2048)
    leaf = maker.leaf(key.public_key(), '*.wild.example', 'one.wild.example')
    chain, secret = given(folder, 'chain.pem', pem(maker.root, maker.intermediate, leaf)), given(folder, 'key.pem', key_pem(key))
    number = site.instance.cli('tls', 'import', chain, '--key', secret)['id']
    seen = wait_for(lambda: (lambda c: c if '*.wild.example' in names_of(c) else None)(shown(site.instance, 'any.wild.example')))
    assert seen == leaf
    assert 'Letterlock demo CA' in shown(site.instance, 'two.any.wild.example').issuer.rfc4514_string()
    done = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{site.instance.ports["https"]}', '-servername', 'one.wild.example', '-showcerts'],
                          input='', capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.count('BEGIN CERTIFICATE') == 2, 'leaf and intermediate, without the root'
    # One that names the host exactly goes before a wildcard; a newer one for the same key needs no key.
    exact = maker.leaf(key.public_key(), 'one.wild.example', days=30)
    assert site.instance.cli('tls', 'import', given(folder, 'exact.pem', pem(exact, maker.intermediate)))['id'] == number
    wait_for(lambda: shown(site.instance, 'one.wild.example') == exact)
    refused = {
        'weak': (maker.leaf(rsa.generate_private_key(65537, 1024).public_key(), 'a.example'), None),
        'another key': (maker.leaf(ec.generate_private_key(ec.SECP256R1()).public_key(), 'a.example'), key),
        'expired': (maker.leaf(key.public_key(), 'a.example', days=0), key),
    }
    for why, (certificate, with_key) in refused.items():
        words = ['tls', 'import', given(folder, 'bad.pem', pem(certificate, maker.intermediate))]
        if with_key:
            words += ['--key', secret]
        code, _, error = site.instance.cli(*words, check=False)
        assert code != 0 and error, why
    site.instance.cli('tls', 'remove', str(number))


def test_a_request_for_another_authority(site, folder):
    made = site.instance.cli('tls', 'csr', 'requested.example', 'www.requested.example')
    request = x509.load_pem_x509_csr(made['text'].encode())
    assert request.is_signature_valid
    assert names_of(request) == ['requested.example', 'www.requested.example']
    assert row(site.instance, made['id'])['state'] == 'requested'
    maker = Maker()
    leaf = maker.leaf(request.public_key(), 'requested.example', 'www.requested.example')
    assert site.instance.cli('tls', 'import', given(folder, 'leaf.pem', pem(leaf, maker.intermediate)))['id'] == made['id']
    wait_for(lambda: shown(site.instance, 'www.requested.example', 'imaps') == leaf)
    site.instance.cli('tls', 'remove', str(made['id']))


def test_profiles_are_signed(site, folder):
    done = subprocess.run(['curl', '-sS', '-k', '--max-time', '60', '--resolve', f'{HOST}:{site.instance.ports["https"]}:127.0.0.1', '-o', str(folder / 'profile'),
                           f'https://{HOST}:{site.instance.ports["https"]}/mail/setup.mobileconfig?emailaddress=li.wei%40{DOMAIN}'], check=False)
    assert done.returncode == 0
    read = subprocess.run(['openssl', 'cms', '-verify', '-inform', 'DER', '-in', str(folder / 'profile'), '-CAfile', site.instance.path('ca.pem'), '-purpose', 'any'],
                          capture_output=True, text=True, check=False)
    assert read.returncode == 0 and f'<string>li.wei@{DOMAIN}</string>' in read.stdout, read.stderr


class Responder:
    """Answers about one certificate of the intermediate authority; on another port when somebody else has taken the one that was free."""

    def __init__(self, maker, key, folder):
        for _ in range(5):
            self.port = free_port()
            where = x509.UniformResourceIdentifier(f'http://127.0.0.1:{self.port}/')
            access = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])
            self.leaf = maker.leaf(key.public_key(), 'stapled.example', extensions=[access])
            if self.start(maker, folder):
                return
        raise AssertionError((folder / 'responder.log').read_text())

    def start(self, maker, folder):
        issuer, secret = given(folder, 'issuer.pem', pem(maker.intermediate)), given(folder, 'issuer.key', key_pem(maker.key))
        ends = self.leaf.not_valid_after.strftime('%y%m%d%H%M%SZ')
        index = given(folder, 'index.txt', f'V\t{ends}\t\t{self.leaf.serial_number:X}\tunknown\t/CN=stapled.example\n')
        with open(folder / 'responder.log', 'wb') as log:
            self.process = subprocess.Popen(['openssl', 'ocsp', '-index', index, '-port', str(self.port), '-rsigner', issuer, '-rkey', secret, '-CA', issuer,
                                             '-nmin', '60'], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        # It serves one connection at a time, so it is not asked whether it is there.
        wait_for(lambda: b'waiting for' in (folder / 'responder.log').read_bytes() or self.process.poll() is not None)
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def test_answers_of_ocsp_are_stapled(site, authority, folder):
    maker, key = Maker(), ec.generate_private_key(ec.SECP256R1())
    responder = Responder(maker, key, folder)
    try:
        chain, secret = given(folder, 'chain.pem', pem(responder.leaf, maker.intermediate)), given(folder, 'key.pem', key_pem(key))
        number = site.instance.cli('tls', 'import', chain, '--key', secret)['id']
        wait_for(lambda: row(site.instance, number)['stapled'])
        root = given(folder, 'root.pem', pem(maker.root))
        status = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{site.instance.ports["https"]}', '-servername', 'stapled.example', '-status',
                                 '-CAfile', root], input='', capture_output=True, text=True, check=False, timeout=60)
        assert 'Cert Status: good' in status.stdout, status.stdout[:2000]
        site.instance.cli('tls', 'remove', str(number))
    finally:
        responder.stop()
