"""Signing in without a password: tokens of our own authorization server, and client certificates."""
import base64
import datetime
import hashlib
import imaplib
import json
import os
import poplib
import secrets
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from conftest import end_site, make_site
from jmap_client import Jmap
from mail import HOST, letter, mark
from web import Web


def openssl(folder, *args):
    subprocess.run(['openssl', *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope='module')
def ca():
    """A CA for devices, and one that nobody trusts. The user of the server reads the certificates."""
    folder = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    os.chmod(folder, 0o755)
    for name in ('ca', 'foreign'):
        openssl(folder, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', f'/CN={name}',
                '-keyout', f'{name}.key', '-out', f'{name}.pem')
        os.chmod(os.path.join(folder, f'{name}.pem'), 0o644)
    write_crl(folder, [])
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def write_crl(folder, revoked, ends=20):
    """The list of the CA: these certificates (files), stale after so many days."""
    with open(os.path.join(folder, 'ca.key'), 'rb') as f:
        key = serialization.load_pem_private_key(f.read(), None)
    with open(os.path.join(folder, 'ca.pem'), 'rb') as f:
        issuer = x509.load_pem_x509_certificate(f.read()).subject
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    made = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(now - datetime.timedelta(days=3)).next_update(
        now + datetime.timedelta(days=ends))
    for path in revoked:
        with open(path, 'rb') as f:
            serial = x509.load_pem_x509_certificate(f.read()).serial_number
        made = made.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build())
    path = os.path.join(folder, 'crl.pem')
    with open(path + '.new', 'wb') as f:
        f.write(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    os.chmod(path + '.new', 0o644)
    os.rename(path + '.new', path)


def make_certificate(folder, name, address, issuer='ca'):
    openssl(folder, 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=device', '-keyout', f'{name}.key',
            '-out', f'{name}.csr')
    with open(os.path.join(folder, f'{name}.ext'), 'w', encoding='ascii') as f:
        f.write(f'subjectAltName=email:{address}\nextendedKeyUsage=clientAuth\n')
    openssl(folder, 'x509', '-req', '-in', f'{name}.csr', '-CA', f'{issuer}.pem', '-CAkey', f'{issuer}.key', '-CAcreateserial', '-days', '20',
            '-extfile', f'{name}.ext', '-out', f'{name}.pem')
    return os.path.join(folder, f'{name}.pem')


@pytest.fixture(scope='module')
def place(ca):
    made = make_site(options={'auth': {'oauth': 'yes', 'failure_delay': '100ms', 'client_ca': os.path.join(ca, 'ca.pem'), 'client_crl': os.path.join(ca, 'crl.pem')}, 'reload_confirm': '0',
                              'limits': {'logins_per_minute': 0}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    for local in ('ann', 'bob'):
        made.users.append({'address': f'{local}@demo.test', 'password': f'A long word of {local} 7!'})
        made.instance.cli('user', 'add', made.users[-1]['address'], '--stdin', stdin=made.users[-1]['password'] + '\n')
    made.instance.cli('oauth', 'client', 'add', 'thunderbird', 'imap smtp', '--owner', 'ann@demo.test', '--redirects', 'http://127.0.0.1/cb')
    yield made
    end_site(made)


def session_of(place, user):
    """A kept session of this person."""
    path = place.instance.path('session-' + user['address'].split('@')[0])
    if not os.path.exists(path):
        code, _, text = place.instance.cli('login', user['address'], '--stdin', stdin=user['password'] + '\n', session=path, check=False)
        assert code == 0, text
    return path


def get_token(place, user, scope):
    return place.instance.cli('oauth', 'token', scope, session=session_of(place, user))['token']


def bearer(user, token):
    return f'n,a={user["address"]},\x01host=localhost\x01port=993\x01auth=Bearer {token}\x01\x01'.encode()


def imap(place, context=None):
    return imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=context or place.tls(), timeout=60)


def test_a_token_signs_in_over_jmap_when_it_may_read_and_send(place):
    user = place.users[0]
    for scope, status in (('imap smtp', 200), ('imap', 401)):
        program = Jmap(place, user, authorization=f'Bearer {get_token(place, user, scope)}')
        assert program.ask('GET', '/jmap/session')[0] == status


def test_tokens_sign_in_over_imap_pop3_and_smtp(place):
    user, subject = place.users[0], mark()
    token = get_token(place, user, 'imap pop smtp')
    client = smtplib.SMTP_SSL(HOST, place.ports['submissions'], context=place.tls(), timeout=60)
    client.ehlo()
    assert {'OAUTHBEARER', 'XOAUTH2'} <= set(client.esmtp_features['auth'].split())
    assert client.docmd('AUTH', 'OAUTHBEARER ' + base64.b64encode(bearer(user, token)).decode())[0] == 235
    client.sendmail(user['address'], user['address'], letter(user['address'], user['address'], subject))
    client.quit()
    place.find(user, subject)
    client = imap(place)
    assert 'AUTH=OAUTHBEARER' in client.capabilities and 'AUTH=EXTERNAL' not in client.capabilities
    assert client.authenticate('OAUTHBEARER', lambda _: bearer(user, token))[0] == 'OK'
    client.select('INBOX')
    assert client.search(None, 'SUBJECT', subject)[1][0]
    client.logout()
    pop = poplib.POP3_SSL(HOST, place.ports['pop3s'], context=place.tls(), timeout=60)
    assert b'OAUTHBEARER' in b' '.join(pop._longcmd('CAPA')[1])
    message = f'user={user["address"]}\x01auth=Bearer {token}\x01\x01'.encode()
    assert pop._shortcmd('AUTH XOAUTH2 ' + base64.b64encode(message).decode()).startswith(b'+OK')
    assert pop.stat()[0] > 0
    pop.quit()


def test_a_refused_token_says_why(place):
    user = place.users[0]
    answers = []
    for token in (get_token(place, user, 'smtp'), 'nonsense'):
        client = imap(place)
        said = []

        def answer(challenge, token=token, said=said):
            said.append(challenge)
            return bearer(user, token) if len(said) == 1 and not challenge else b'\x01'
        with pytest.raises(imaplib.IMAP4.error, match='AUTHENTICATIONFAILED'):
            client.authenticate('OAUTHBEARER', answer)
        answers.append(said[-1])
        client.shutdown()
    assert b'insufficient_scope' in answers[0] and b'invalid_token' in answers[1]


def ask(place, path, fields, post=True, session=None):
    """A request to the authorization server, as the listener passes it on."""
    text = urllib.parse.urlencode(fields)
    with open(session, encoding='utf-8') if session else open(os.devnull, encoding='utf-8') as f:
        web = Web(place, f.read().strip() or None)
    args = {'path': path, 'post': post, **({'form': text} if post else {'query': text})}
    return web.done('oauth.request', args)


def test_a_mail_program_goes_through_the_code_flow(place):
    user, verifier = place.users[0], secrets.token_urlsafe(48)
    fields = {'response_type': 'code', 'client_id': 'thunderbird', 'scope': 'imap', 'state': 'x', 'redirect_uri': 'http://127.0.0.1:5001/cb',
              'code_challenge': base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b'=').decode(),
              'code_challenge_method': 'S256', 'decision': 'allow'}
    assert ask(place, '/oauth/authorize', fields)['status'] == 401
    answer = ask(place, '/oauth/authorize', fields, session=session_of(place, user))
    back = urllib.parse.parse_qs(urllib.parse.urlsplit(json.loads(answer['body'])['redirect']).query)
    assert back['state'] == ['x']
    redeem = {'grant_type': 'authorization_code', 'client_id': 'thunderbird', 'code': back['code'][0], 'redirect_uri': fields['redirect_uri'],
              'code_verifier': verifier}
    tokens = json.loads(ask(place, '/oauth/token', redeem)['body'])
    client = imap(place)
    assert client.authenticate('XOAUTH2', lambda _: f'user={user["address"]}\x01auth=Bearer {tokens["access_token"]}\x01\x01'.encode())[0] == 'OK'
    # It ends at once when the person says so.
    grant = place.instance.cli('oauth', 'list', user['address'], session=session_of(place, user))['grants'][-1]
    assert grant['client'] == 'thunderbird'
    place.instance.cli('oauth', 'end', user['address'], str(grant['id']), session=session_of(place, user))
    with pytest.raises((imaplib.IMAP4.abort, ssl.SSLError, OSError)):
        for _ in range(100):
            client.noop()
    assert json.loads(ask(place, '/oauth/token', {'grant_type': 'refresh_token', 'client_id': 'thunderbird',
                                                  'refresh_token': tokens['refresh_token']})['body'])['error'] == 'invalid_grant'


def test_tokens_outlive_a_restart_of_the_server(place):
    user = place.users[0]
    token = get_token(place, user, 'imap')
    auth = next(r for r in place.instance.cli('status')['roles'] if r['role'] == 'auth')
    os.kill(auth['pid'], 9)
    for _ in range(50):
        client = imap(place)
        try:
            if client.authenticate('OAUTHBEARER', lambda _: bearer(user, token))[0] == 'OK':
                return
        except imaplib.IMAP4.error as e:
            assert 'UNAVAILABLE' in str(e)
        finally:
            client.shutdown()
    raise AssertionError('the token is not taken any more')


def with_certificate(place, certificate):
    context = place.tls()
    context.load_cert_chain(certificate, certificate.replace('.pem', '.key'))
    return context


def external(place, certificate, name=''):
    client = imap(place, with_certificate(place, certificate))
    try:
        if 'AUTH=EXTERNAL' not in client.capabilities:
            return 'not offered'
        return client.authenticate('EXTERNAL', lambda _: name.encode())[0]
    except imaplib.IMAP4.error as e:
        return 'refused' if 'AUTHENTICATIONFAILED' in str(e) else str(e)
    finally:
        client.shutdown()


def test_a_registered_certificate_signs_in(place, ca):
    user, other = place.users[0], place.users[1]
    good = make_certificate(ca, 'good', user['address'])
    assert external(place, good) == 'refused'  # not registered
    code, result, text = place.instance.cli('certificate', 'add', user['address'], good, '--label', 'laptop', '--stdin', stdin=user['password'] + '\n', check=False)
    assert code == 0, text
    assert external(place, good) == 'OK'
    assert external(place, good, user['address']) == 'OK'
    assert external(place, good, other['address']) == 'refused'
    place.instance.cli('certificate', 'remove', user['address'], str(result['id']), session=session_of(place, user))
    assert external(place, good) == 'refused'


def test_certificates_of_others_do_not(place, ca):
    user, other = place.users[0], place.users[1]
    code, _, text = place.instance.cli('certificate', 'add', user['address'], make_certificate(ca, 'other', other['address']), '--stdin',
                                       stdin=user['password'] + '\n', check=False)
    assert code == 2 and 'another mail address' in text
    assert external(place, make_certificate(ca, 'forged', user['address'], issuer='foreign')) == 'not offered'


def test_everything_else_works_with_any_certificate(place, ca):
    user = place.users[0]
    client = imap(place, with_certificate(place, make_certificate(ca, 'any', user['address'], issuer='foreign')))
    assert client.login(user['address'], user['password'])[0] == 'OK'
    client.logout()


def register(place, user, certificate):
    code, result, text = place.instance.cli('certificate', 'add', user['address'], certificate, '--stdin', stdin=user['password'] + '\n', check=False)
    assert code == 0, text
    return result['id']


def opened(place, certificate):
    client = imap(place, with_certificate(place, certificate))
    assert client.authenticate('EXTERNAL', lambda _: b'')[0] == 'OK'
    return client


def ends(client):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            client.noop()
            time.sleep(0.1)
        except (imaplib.IMAP4.abort, OSError):
            return True
    return False


def eventually(ask, wanted):
    end = time.monotonic() + 30
    while (found := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    assert found == wanted


def check(place):
    """What `letterlock check` says, whatever it found."""
    return str(place.instance.cli('check', check=False))


def test_what_its_authority_revoked_is_out_at_the_next_reload(place, ca):
    user = place.users[1]
    bad, good = make_certificate(ca, 'stolen', user['address']), make_certificate(ca, 'kept', user['address'])
    for certificate in (bad, good):
        register(place, user, certificate)
    stays, goes = opened(place, good), opened(place, bad)
    write_crl(ca, [bad])
    place.instance.cli('reload')
    assert ends(goes)
    assert stays.noop()[0] == 'OK'
    eventually(lambda: external(place, bad), 'not offered')
    assert external(place, good) == 'OK'
    assert 'auth.client_crl' not in check(place)


def test_a_stale_list_lets_nobody_in_and_is_named(place, ca):
    user = place.users[1]
    certificate = make_certificate(ca, 'stale', user['address'])
    register(place, user, certificate)
    client = opened(place, certificate)
    try:
        write_crl(ca, [], ends=-1)
        place.instance.cli('reload')
        assert ends(client)
        eventually(lambda: external(place, certificate), 'not offered')
        assert 'auth.client_crl' in check(place)
        with open(place.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as f:
            assert 'CRL has expired' in f.read()
        # A password works all the same.
        client = imap(place, with_certificate(place, certificate))
        assert client.login(user['address'], user['password'])[0] == 'OK'
        client.logout()
    finally:
        write_crl(ca, [])
        place.instance.cli('reload')
    eventually(lambda: external(place, certificate), 'OK')
