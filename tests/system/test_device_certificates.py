"""Certificates of devices from the organisation's own authority: made by two persons, asked for by people, shown by real clients, revoked under way."""
import base64
import contextlib
import datetime
import imaplib
import json
import os
import poplib
import shutil
import smtplib
import ssl
import stat
import subprocess
import tempfile
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from conftest import end_site, make_site
from mail import HOST, letter, mark
from test_keys import session_of

PASSWORD = 'A long word of mine 7!'


def openssl(*args, check=True, stdin=None):
    done = subprocess.run(['openssl', *args], check=False, capture_output=True, text=True, input=stdin, timeout=60)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope='module')
def folder():
    made = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    os.chmod(made, 0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


class Outside:
    """An authority that is trusted by auth.client_ca, which makes what ours never would."""

    def __init__(self, folder):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'outside')])
        now = self.now()
        self.root = x509.CertificateBuilder(self.name, self.name, self.key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(
            days=9)).add_extension(x509.BasicConstraints(True, None), True).sign(self.key, hashes.SHA256())
        self.path = os.path.join(folder, 'outside.pem')
        with open(self.path, 'wb') as f:
            f.write(self.root.public_bytes(serialization.Encoding.PEM))
        os.chmod(self.path, 0o644)

    @staticmethod
    def now():
        return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(days=5)

    def make(self, address, days=9, usage=ExtendedKeyUsageOID.CLIENT_AUTH, like=None):
        """A certificate for the address; like: with names and serial of this one."""
        key, prefix = ec.generate_private_key(ec.SECP256R1()), os.path.join(self.folder, mark()[:12])
        subject = like.subject if like else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'device')])
        made = x509.CertificateBuilder(like.issuer if like else self.name, subject, key.public_key(),
                                       like.serial_number if like else x509.random_serial_number(), self.now(),
                                       self.now() + datetime.timedelta(days=days))
        made = made.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), False).add_extension(
            x509.ExtendedKeyUsage([usage]), False).sign(self.key, hashes.SHA256())
        with open(prefix + '.pem', 'wb') as f:
            f.write(made.public_bytes(serialization.Encoding.PEM))
        with open(prefix + '.key', 'wb') as f:
            f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return prefix


@pytest.fixture(scope='module')
def outside(folder):
    return Outside(folder)


@pytest.fixture(scope='module')
def site(outside):
    made = make_site(options={'auth': {'failure_delay': '100ms', 'client_ca': outside.path}, 'limits': {'logins_per_minute': '0'}, 'reload_confirm': '0'})
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def people(site):
    """Officer and approver, signed in with their second factors."""
    staff = {person['role']: person for person in site.staff}
    return {role: session_of(site, staff[role]) for role in ('officer', 'approver')}


def refused(site, *args, session):
    code, result, text = site.instance.cli(*args, session=session, check=False)
    assert code != 0, result
    return text


def approve(site, people):
    waiting = site.instance.cli('approval', 'list', session=people['approver'])['approvals']
    site.instance.cli('approval', 'give', str(waiting[0]['id']), session=people['approver'])


@pytest.fixture(scope='module')
def authority(site, people, folder):
    """Root and issuing certificate in files."""
    assert 'second person' in refused(site, 'ca', 'create', 'Demo', '--reason', 'certificates', session=people['officer'])
    assert site.instance.cli('ca', 'list', session=people['officer'])['authorities'] == []
    approve(site, people)
    made = site.instance.cli('ca', 'list', session=people['officer'])['authorities']
    assert [(a['kind'], a['state']) for a in made] == [('issuing', 'active'), ('root', 'active')]
    for a in made:
        with open(os.path.join(folder, a['kind'] + '.pem'), 'w', encoding='ascii') as f:
            f.write(site.instance.cli('ca', 'show', '--id', str(a['id']), session=people['officer'])['certificate'])
    return made


class Person:
    def __init__(self, site, folder):
        self.site, self.folder = site, folder
        self.address = f'{mark()[:10]}@demo.test'
        self.user = {'address': self.address, 'password': PASSWORD}
        self.session = site.instance.path('session-' + self.address)
        site.instance.cli('user', 'add', self.address, '--stdin', stdin=PASSWORD + '\n')
        site.instance.cli('login', self.address, '--stdin', stdin=PASSWORD + '\n', session=self.session)

    def request(self, *more, stdin=''):
        """(prefix of the files, answer)"""
        prefix = os.path.join(self.folder, mark()[:12])
        return prefix, self.site.instance.cli('device', 'certificate', 'request', '--out', prefix, *more, stdin=stdin, session=self.session)

    def cli(self, *args):
        return self.site.instance.cli('device', 'certificate', *args, session=self.session)


@pytest.fixture
def person(site, folder, authority):
    return Person(site, folder)


def context(site, prefix):
    made = site.tls()
    made.load_cert_chain(prefix + '.pem', prefix + '.key')
    return made


def imap(site, prefix):
    return imaplib.IMAP4_SSL(HOST, site.ports['imaps'], ssl_context=context(site, prefix), timeout=60)


def try_imap(site, prefix, name=''):
    client = imap(site, prefix)
    try:
        if 'AUTH=EXTERNAL' not in client.capabilities:
            return 'not offered'
        return client.authenticate('EXTERNAL', lambda _: name.encode())[0]
    except imaplib.IMAP4.error as e:
        return 'refused' if 'AUTHENTICATIONFAILED' in str(e) else str(e)
    finally:
        client.shutdown()


def eventually(ask, wanted):
    end = time.monotonic() + 30
    while (found := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert found == wanted


def ends(client):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            client.noop()
            time.sleep(0.05)
        except (imaplib.IMAP4.abort, smtplib.SMTPServerDisconnected, OSError):
            return True
        except poplib.error_proto:
            return True
    return False


def read(path):
    with open(path, 'rb') as f:
        return x509.load_pem_x509_certificate(f.read())


def test_a_person_gets_files_that_others_cannot_read(person, folder):
    prefix, answer = person.request('--label', 'laptop', '--p12', '--stdin', stdin='opens the file\n')
    assert answer['state'] == 'good'
    for suffix in ('.key', '.pem', '.p12'):
        assert stat.S_IMODE(os.stat(prefix + suffix).st_mode) == 0o600
    assert openssl('pkcs12', '-in', prefix + '.p12', '-noout', '-passin', 'stdin', stdin='opens the file\n').returncode == 0
    assert openssl('pkcs12', '-in', prefix + '.p12', '-noout', '-passin', 'stdin', stdin='something else\n', check=False).returncode != 0
    root, issuing = (os.path.join(folder, kind + '.pem') for kind in ('root', 'issuing'))
    chain = ('verify', '-x509_strict', '-CAfile', root, '-untrusted', issuing)
    openssl(*chain, '-purpose', 'sslclient', prefix + '.pem')
    assert openssl(*chain, '-purpose', 'sslserver', prefix + '.pem', check=False).returncode != 0
    made = read(prefix + '.pem')
    assert made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.RFC822Name) == [person.address]
    assert f'{made.serial_number:032x}' == answer['serial']


def test_imap_pop3_and_submission_take_it(site, person):
    prefix, _ = person.request()
    eventually(lambda: try_imap(site, prefix), 'OK')
    assert try_imap(site, prefix, person.address) == 'OK'
    assert try_imap(site, prefix, site.users[0]['address']) == 'refused'
    pop = poplib.POP3_SSL(HOST, site.ports['pop3s'], context=context(site, prefix), timeout=60)
    assert 'EXTERNAL' in pop.capa()['SASL']
    assert pop._shortcmd('AUTH EXTERNAL =').startswith(b'+OK')
    pop.quit()
    subject = mark()
    with smtplib.SMTP_SSL(HOST, site.ports['submissions'], context=context(site, prefix), timeout=60) as client:
        client.ehlo()
        assert 'EXTERNAL' in client.esmtp_features['auth'].split()
        assert client.docmd('AUTH', 'EXTERNAL ' + base64.b64encode(person.address.encode()).decode())[0] == 235
        client.sendmail(person.address, [person.address], letter(person.address, person.address, subject))

    def arrived():
        with imap(site, prefix) as box:
            box.authenticate('EXTERNAL', lambda _: b'')
            box.select('INBOX')
            return box.search(None, 'SUBJECT', f'"{subject}"')[1][0] != b''
    eventually(arrived, True)


def test_curl_and_s_client_show_it(site, person):
    prefix, _ = person.request()
    eventually(lambda: try_imap(site, prefix), 'OK')
    done = subprocess.run(['curl', '-sSk', '--cert', prefix + '.pem', '--key', prefix + '.key', '-u', f'{person.address}:', '--login-options', 'AUTH=EXTERNAL',
                           f'imaps://{HOST}:{site.ports["imaps"]}/', '-X', 'STATUS INBOX (MESSAGES)'], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and 'STATUS' in done.stdout, done
    done = openssl('s_client', '-quiet', '-connect', f'{HOST}:{site.ports["imaps"]}', '-cert', prefix + '.pem', '-key', prefix + '.key', '-cert_chain',
                   prefix + '.pem', stdin='a AUTHENTICATE EXTERNAL =\nb LOGOUT\n', check=False)
    assert 'a OK' in done.stdout, done


def test_what_is_revoked_ends_open_sessions_and_stands_in_the_list(site, person, people, folder):
    (goes, answer), (stays, _) = person.request(), person.request()
    eventually(lambda: try_imap(site, goes), 'OK')
    box, other = imap(site, goes), imap(site, stays)
    assert box.authenticate('EXTERNAL', lambda _: b'')[0] == other.authenticate('EXTERNAL', lambda _: b'')[0] == 'OK'
    pop = poplib.POP3_SSL(HOST, site.ports['pop3s'], context=context(site, goes), timeout=60)
    assert pop._shortcmd('AUTH EXTERNAL =').startswith(b'+OK')
    sends = smtplib.SMTP_SSL(HOST, site.ports['submissions'], context=context(site, goes), timeout=60)
    sends.ehlo()
    assert sends.docmd('AUTH', 'EXTERNAL =')[0] == 235
    assert person.cli('revoke', answer['serial'], '--reason', 'key_compromise')['state'] == 'revoked'
    for client in (box, pop, sends):
        assert ends(client)
    assert try_imap(site, goes) == 'refused'
    assert other.noop()[0] == 'OK'
    path, root = os.path.join(folder, 'list.pem'), os.path.join(folder, 'root.pem')

    def listed():
        site.instance.cli('ca', 'crl', '--out', path, session=people['officer'])
        with open(path, 'rb') as f:
            found = x509.load_pem_x509_crl(f.read()).get_revoked_certificate_by_serial_number(int(answer['serial'], 16))
        return found is not None and found.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    eventually(listed, 'key_compromise')
    chain = ('verify', '-crl_check', '-CAfile', root, '-untrusted', os.path.join(folder, 'issuing.pem'), '-CRLfile', path)
    openssl(*chain, stays + '.pem')
    assert 'revoked' in openssl(*chain, goes + '.pem', check=False).stderr


def test_a_disabled_account_has_none_any_more(site, person, people):
    prefix, answer = person.request()
    eventually(lambda: try_imap(site, prefix), 'OK')
    box = imap(site, prefix)
    assert box.authenticate('EXTERNAL', lambda _: b'')[0] == 'OK'
    site.instance.cli('user', 'disable', person.address)
    assert ends(box)
    assert try_imap(site, prefix) == 'refused'
    site.instance.cli('user', 'enable', person.address)
    assert try_imap(site, prefix) == 'refused'
    rows = site.instance.cli('ca', 'ledger', '--state', 'revoked', session=people['officer'])['certificates']
    assert [row['reason'] for row in rows if row['serial'] == answer['serial']] == ['affiliation_changed']


def test_a_device_waits_for_the_officer(site, person, people):
    before = site.instance.cli('policy', 'get', 'devices', session=people['officer'])['value']
    site.instance.cli('policy', 'set', 'devices', '{"approval":"new"}', session=people['officer'])
    try:
        prefix, answer = person.request('--label', 'phone')
        assert answer['state'] == 'requested' and not os.path.exists(prefix + '.pem')
        assert 'Somebody else' in refused(site, 'device', 'approve', str(answer['device']), session=person.session)
        site.instance.cli('device', 'approve', str(answer['device']), session=people['officer'])
        person.cli('show', answer['serial'], '--out', prefix)
        eventually(lambda: try_imap(site, prefix), 'OK')
    finally:
        site.instance.cli('policy', 'set', 'devices', json.dumps(before or {'approval': 'none'}), session=people['officer'])


def test_what_others_made_does_not_count(site, person, outside):
    prefix, answer = person.request()
    eventually(lambda: try_imap(site, prefix), 'OK')
    ours = read(prefix + '.pem')
    # Names, serial and address of ours, signed by somebody else.
    assert try_imap(site, outside.make(person.address, like=ours)) == 'not offered'
    # From the authority of auth.client_ca: ended, for servers, or never registered by its owner.
    assert try_imap(site, outside.make(person.address, days=4)) == 'not offered'
    assert try_imap(site, outside.make(person.address, usage=ExtendedKeyUsageOID.SERVER_AUTH)) == 'not offered'
    good = outside.make(person.address)
    assert try_imap(site, good) == 'refused'
    site.instance.cli('certificate', 'add', person.address, good + '.pem', '--stdin', stdin=PASSWORD + '\n')
    assert try_imap(site, good) == 'OK'
    # The certificate of another with the key of one's own is no certificate at all.
    with pytest.raises(ssl.SSLError):
        site.tls().load_cert_chain(prefix + '.pem', good + '.key')
    # Others are neither seen nor revoked.
    stranger = Person(site, person.folder)
    assert refused(site, 'device', 'certificate', 'revoke', answer['serial'], session=stranger.session)
    assert refused(site, 'device', 'certificate', 'show', answer['serial'], session=stranger.session)
    assert try_imap(site, prefix) == 'OK'


def test_a_request_without_its_key_is_refused(site, person, folder):
    path, key, other = (os.path.join(folder, mark()[:12]) for _ in range(3))
    for name in (key, other):
        openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', name)
    openssl('req', '-new', '-key', key, '-subj', f'/CN={person.address}', '-out', path)
    made = x509.load_pem_x509_csr(open(path, 'rb').read())
    with open(other, 'rb') as f:
        signature = serialization.load_pem_private_key(f.read(), None).sign(made.tbs_certrequest_bytes, ec.ECDSA(hashes.SHA256()))
    der = made.public_bytes(serialization.Encoding.DER)
    # The same request under the other key's signature: lengths of ECDSA differ, so one that has the same is looked for.
    while len(signature) != len(made.signature):
        with open(other, 'rb') as f:
            signature = serialization.load_pem_private_key(f.read(), None).sign(made.tbs_certrequest_bytes, ec.ECDSA(hashes.SHA256()))
    forged = der.replace(made.signature, signature)
    with open(path, 'w', encoding='ascii') as f:
        f.write('-----BEGIN CERTIFICATE REQUEST-----\n' + base64.encodebytes(forged).decode() + '-----END CERTIFICATE REQUEST-----\n')
    assert 'not signed by the key in it' in refused(site, 'device', 'certificate', 'request', '--csr', path, session=person.session)


def test_it_goes_on_after_auth_and_edges_began_anew(site, person):
    prefix, _ = person.request()
    eventually(lambda: try_imap(site, prefix), 'OK')
    for role in site.instance.cli('status')['roles']:
        if role['role'] in ('auth', 'client'):
            os.kill(role['pid'], 9)

    def signs_in():
        with contextlib.suppress(OSError, imaplib.IMAP4.error, EOFError):
            return try_imap(site, prefix)
        return 'away'
    eventually(signs_in, 'OK')


def test_a_replaced_authority_ends_all(site, person, people):
    prefix, _ = person.request()
    eventually(lambda: try_imap(site, prefix), 'OK')
    box = imap(site, prefix)
    assert box.authenticate('EXTERNAL', lambda _: b'')[0] == 'OK'
    assert 'second person' in refused(site, 'ca', 'create', 'Demo', '--replace', '--reason', 'a new beginning', session=people['officer'])
    approve(site, people)
    assert ends(box)
    eventually(lambda: try_imap(site, prefix), 'not offered')
    fresh, _ = person.request()
    eventually(lambda: try_imap(site, fresh), 'OK')
    # What stands in the record.
    assert site.instance.cli('check', check=False)[0] in (0, 7)
