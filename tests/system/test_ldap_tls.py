"""The LDAP directory over TLS, from the first byte (ldaps) and by StartTLS: whose certificate holds, and what the operator hears of the others."""
import datetime
import ipaddress
import os
import shutil
import subprocess
import tempfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conftest import end_site, make_site
from mail import HOST
from test_ldap import BASE, Slapd, person

WAYS = ['ldaps', 'starttls']
DAY = datetime.timedelta(days=1)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, name):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), name_of(name)
        self.certificate = self.build(self.name, self.key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
            self.key, hashes.SHA256())

    def build(self, subject, key, begin=-2, end=300):
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now + begin * DAY).not_valid_after(now + end * DAY))

    def write(self, folder, names, **times):
        """Key and certificate of a server with these names, as slapd reads them."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self.build(name_of('directory'), key, **times).add_extension(x509.SubjectAlternativeName(names), critical=False).sign(self.key, hashes.SHA256())
        with open(os.path.join(folder, 'server.pem'), 'wb') as f:
            f.write(made.public_bytes(serialization.Encoding.PEM))
        with open(os.path.join(folder, 'server.key'), 'wb') as f:
            f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


class SecureSlapd(Slapd):
    """Speaks ldaps, or ldap with StartTLS."""

    def __init__(self, way, authority, names, tls=True, **times):
        self.way, self.authority, self.names, self.tls, self.times = way, authority, names, tls, times
        super().__init__()

    def prepare(self):
        self.authority.write(self.folder, self.names, **self.times)
        return '' if not self.tls else f'TLSCertificateFile {self.folder}/server.pem\nTLSCertificateKeyFile {self.folder}/server.key\n'

    @property
    def listens(self):
        return f'ldaps://{HOST}:{self.port}' if self.way == 'ldaps' else self.url

    def tool(self, program, ldif, *args):
        environment = {**os.environ, 'LDAPTLS_REQCERT': 'never'}
        done = subprocess.run([program, '-x', '-H', self.listens, '-D', f'cn=root,{BASE}', '-w', 'root-secret', *args], input=ldif, text=True,
                              capture_output=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope='module')
def authority():
    return Authority('CA of the directory')


RIGHT = [x509.IPAddress(ipaddress.ip_address(HOST))]


def start(way, authority, names=None, **times):
    made = SecureSlapd(way, authority, RIGHT if names is None else names, **times)
    made.add(f'dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n'
             f'dn: cn=service,{BASE}\nobjectClass: person\ncn: service\nsn: service\nuserPassword: service-secret\n')
    made.add(person('ann', 'ann-secret'))
    return made


@pytest.fixture(scope='module')
def place(authority):
    """One system for all; which directory it asks is changed by reloads."""
    folder = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    os.chmod(folder, 0o755)
    for name, text in (('secret', 'service-secret\n'), ('ca.pem', authority.pem())):
        with open(os.path.join(folder, name), 'w', encoding='ascii') as f:
            f.write(text)
        os.chmod(os.path.join(folder, name), 0o644)
    made = make_site(options={'auth.failure_delay': '100ms', 'reload_confirm': '0', 'tls.ca': os.path.join(folder, 'ca.pem'), 'ldap': {
        'url': 'ldap://127.0.0.1:1', 'base': BASE, 'bind': f'cn=service,{BASE}', 'password_file': os.path.join(folder, 'secret')}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)
    shutil.rmtree(folder, ignore_errors=True)


def ask(place, slapd, url=None):
    """What `ldap test` says of this directory: the number of people, or the sentence of the refusal."""
    place.instance.options['ldap']['url'] = url or slapd.listens
    place.instance.options['ldap']['starttls'] = 'yes' if slapd.way == 'starttls' else 'no'
    place.instance.write_config()
    place.instance.cli('reload')
    code, _, text = place.instance.cli('ldap', 'test', '--stdin', stdin='\n', check=False)
    return place.instance.cli('ldap', 'test', '--stdin', stdin='\n')['people'] if code == 0 else text


@pytest.fixture
def running():
    made = []

    def run(*args, **kwargs):
        made.append(start(*args, **kwargs))
        return made[-1]
    yield run
    for slapd in made:
        slapd.close()


@pytest.mark.parametrize('way', WAYS)
def test_the_right_authority_works(place, authority, running, way):
    assert ask(place, running(way, authority)) == 1


@pytest.mark.parametrize('way', WAYS)
def test_another_authority_is_refused(place, running, way):
    assert 'unable to get local issuer certificate' in ask(place, running(way, Authority('somebody else')))


@pytest.mark.parametrize('way', WAYS)
def test_another_name_is_refused(place, authority, running, way):
    assert 'IP address mismatch' in ask(place, running(way, authority, [x509.DNSName('ldap.example.net')]))


@pytest.mark.parametrize('way', WAYS)
def test_an_expired_certificate_is_refused(place, authority, running, way):
    assert 'certificate has expired' in ask(place, running(way, authority, begin=-9, end=-1))


def test_a_server_without_starttls_is_named(place, running, authority):
    slapd = running('starttls', authority, tls=False)
    assert 'refuses StartTLS' in ask(place, slapd)


def test_nothing_listens(place, authority, running):
    slapd = running('ldaps', authority)
    slapd.process.terminate()
    slapd.process.wait(timeout=60)
    assert 'Connection refused' in ask(place, slapd)


def test_passwords_never_go_elsewhere_without_tls(place, running, authority):
    slapd = running('ldaps', authority)
    slapd.way = 'plain'
    assert 'ldap.starttls' in ask(place, slapd, 'ldap://192.0.2.1:389')
