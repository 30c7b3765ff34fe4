"""Second factors: no protocol lets a password alone through; keys, passkeys, codes and policies over the API."""
import contextlib
import imaplib
import os
import poplib
import smtplib
import ssl
import subprocess
import sys
import threading
import time

import pytest

from authenticator import EDDSA, ES256, RS256, Authenticator, totp
from conftest import end_site, make_site
from mail import HOST

sys.path.insert(0, __import__('os').path.join(__import__('conftest').TOP, 'tools', 'demo'))
from api import Api, Refused  # noqa: E402

ORIGIN = 'https://mail.demo.test'


@pytest.fixture(scope='module')
def site():
    made = make_site(options={'auth.failure_delay': '100ms', 'limits.logins_per_minute': '0', 'auth.password_policy': 'nist'})
    yield made
    end_site(made)


def api(site, token=None):
    context = ssl.create_default_context(cafile=site.instance.path('ca.pem'))
    context.check_hostname = False
    return Api(site.ports['management'], context, token)


def signed_in(site, user, **more):
    return api(site).sign_in(user['address'], user['password'], **more)


def fresh(used, secret):
    """A code of a step that was not used yet; waits for the next step if it must."""
    while True:
        for step in (0, 1):
            code = totp(secret, step=step)
            if code not in used:
                used.add(code)
                return code
        time.sleep(1)


class Person:
    """Somebody new, with a TOTP factor."""

    def __init__(self, site, local):
        self.user = {'address': f'{local}@demo.test', 'password': 'korb-laterne-moos-winkel'}
        site.instance.cli('user', 'add', self.user['address'], '--stdin', stdin=self.user['password'] + '\n')
        self.api, self.used = signed_in(site, self.user), set()
        begun = self.api.call('factor.totp.begin', label='phone')
        self.secret = begun['secret']
        self.api.call('factor.totp.confirm', id=begun['id'], code=fresh(self.used, self.secret))

    def proof(self):
        return {'kind': 'totp', 'code': fresh(self.used, self.secret)}


@pytest.fixture(scope='module')
def person(site):
    return Person(site, 'factor.person')


def imap_login(site, user, password):
    client = imaplib.IMAP4_SSL(HOST, site.ports['imaps'], ssl_context=site.tls(), timeout=60)
    try:
        client.login(user['address'], password)
    finally:
        client.shutdown()


def imap_plain(site, user, password):
    client = imaplib.IMAP4_SSL(HOST, site.ports['imaps'], ssl_context=site.tls(), timeout=60)
    try:
        client.authenticate('PLAIN', lambda _: f'\0{user["address"]}\0{password}'.encode())
    finally:
        client.shutdown()


def pop3_login(site, user, password):
    client = poplib.POP3_SSL(HOST, site.ports['pop3s'], context=site.tls(), timeout=60)
    try:
        client.user(user['address'])
        client.pass_(password)
    finally:
        client.close()


def smtp_login(site, user, password):
    with smtplib.SMTP_SSL(HOST, site.ports['submissions'], context=site.tls(), timeout=60) as client:
        client.login(user['address'], password)


def smtp_starttls(site, user, password):
    with smtplib.SMTP(HOST, site.ports['submission'], timeout=60) as client:
        client.starttls(context=site.tls())
        client.login(user['address'], password)


def scram(site, user, password):
    """SCRAM-SHA-256 by hand over IMAP (test_signin has the client)."""
    from mail import Wire
    from test_signin import scram as exchange
    with Wire(site.ports['imaps'], site.tls(), timeout=60) as wire:
        wire.line()
        if b' OK' not in exchange(wire, user, password):
            raise imaplib.IMAP4.error('refused')


def api_session(site, user, password):
    api(site).sign_in(user['address'], password)


DOORS = [imap_login, imap_plain, pop3_login, smtp_login, smtp_starttls, scram, api_session]
REFUSED = (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError, Refused, AssertionError)


@pytest.mark.parametrize('door', DOORS, ids=lambda d: d.__name__)
def test_the_password_alone_opens_no_door(site, person, door):
    with pytest.raises(REFUSED):
        door(site, person.user, person.user['password'])


@pytest.mark.parametrize('door', [d for d in DOORS if d not in (api_session,)], ids=lambda d: d.__name__)
def test_an_app_password_opens_the_mail_protocols(site, person, door):
    made = person.api.call('user.app_password.add', address=person.user['address'], password=person.user['password'], label=door.__name__)
    door(site, person.user, made['app_password'])


@pytest.mark.parametrize('door', [imap_login, pop3_login, smtp_login], ids=lambda d: d.__name__)
def test_a_right_password_looks_like_a_wrong_one(site, person, door):
    texts = []
    for password in (person.user['password'], 'not the password at all'):
        with pytest.raises(REFUSED) as caught:
            door(site, person.user, password)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_mail_sessions_of_the_password_end_with_the_first_factor(site):
    user = {'address': 'factor.open@demo.test', 'password': 'korb-laterne-moos-winkel'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    client = imaplib.IMAP4_SSL(HOST, site.ports['imaps'], ssl_context=site.tls(), timeout=60)
    client.login(user['address'], user['password'])
    client.select('INBOX')
    session = signed_in(site, user)
    session.enrol_totp()
    with pytest.raises((imaplib.IMAP4.abort, imaplib.IMAP4.error, OSError)):
        for _ in range(2):
            client.noop()
            client.readline()
    client.shutdown()


def test_a_code_works_once_over_the_api(site, person):
    proof = person.proof()
    signed_in(site, person.user, proof=proof)
    with pytest.raises(Refused) as caught:
        signed_in(site, person.user, proof=proof)
    assert caught.value.code == 'factor'


def challenge_of(site, user, kind):
    with pytest.raises(Refused) as caught:
        signed_in(site, user, factor=kind)
    assert caught.value.code == 'factor_needed'
    assert kind in caught.value.problem['factors']
    return caught.value.problem['challenge']


@pytest.mark.parametrize('algorithm', [ES256, EDDSA, RS256])
def test_security_keys_sign_in(site, algorithm):
    user = {'address': f'factor.key{-algorithm}@demo.test', 'password': 'korb-laterne-moos-winkel'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    key, session = Authenticator(algorithm), signed_in(site, user)
    session.call('factor.webauthn.confirm', label='key', **key.register(session.call('factor.webauthn.begin'), ORIGIN))
    proof = key.sign(challenge_of(site, user, 'webauthn'), ORIGIN)
    assert signed_in(site, user, proof=proof).call('factor.list', address=user['address'])['factors'][0]['kind'] == 'webauthn'
    for wrong in (proof, key.sign(challenge_of(site, user, 'webauthn'), 'https://evil.example'),
                  Authenticator(algorithm).sign(challenge_of(site, user, 'webauthn'), ORIGIN)):
        with pytest.raises(Refused):
            signed_in(site, user, proof=wrong)


def test_a_passkey_signs_in_without_password(site):
    user = {'address': 'factor.passkey@demo.test', 'password': 'korb-laterne-moos-winkel'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    key, session = Authenticator(), signed_in(site, user)
    made = session.call('factor.webauthn.confirm', label='passkey', **key.register(session.call('factor.webauthn.begin'), ORIGIN, with_prf=True))
    assert made['passwordless'] is True
    proof = key.sign(api(site).call('session.passkey.begin'), ORIGIN, with_prf=True)
    result = api(site).call('session.passkey.start', proof=proof)
    assert result['address'] == user['address'] and result['second_factor'] is True
    with pytest.raises(Refused):
        api(site).call('session.passkey.start', proof=proof)


def test_reserve_codes_and_printed_lists(site, person):
    person.api.call('session.step_up', proof=person.proof())
    codes = person.api.call('factor.codes.make')['codes']
    paper = person.api.call('factor.list.make', count=20)['codes']
    assert len(codes) == 10 and len(paper) == 20
    signed_in(site, person.user, proof={'kind': 'codes', 'code': codes[3]})
    with pytest.raises(Refused):
        signed_in(site, person.user, proof={'kind': 'codes', 'code': codes[3]})
    assert challenge_of(site, person.user, 'list')['number'] == 1
    with pytest.raises(Refused):
        signed_in(site, person.user, proof={'kind': 'list', 'code': paper[1]})
    signed_in(site, person.user, proof={'kind': 'list', 'code': paper[0]})
    assert challenge_of(site, person.user, 'list')['number'] == 2


def test_everything_survives_a_restart(site):
    person = Person(site, 'factor.restart')  # whose codes of this half minute are not used up
    paper = person.api.call('factor.list.make', count=10)['codes']
    proof = person.proof()
    signed_in(site, person.user, proof=proof)
    signed_in(site, person.user, proof={'kind': 'list', 'code': paper[0]})
    site.instance.stop()
    site.instance.start()
    for used in (proof, {'kind': 'list', 'code': paper[0]}):
        with pytest.raises(Refused):
            signed_in(site, person.user, proof=used)
    signed_in(site, person.user, proof={'kind': 'list', 'code': paper[1]})
    with pytest.raises(REFUSED):
        imap_login(site, person.user, person.user['password'])


def test_weak_passwords_are_refused(site):
    address, first = 'factor.policy@demo.test', 'korb-laterne-moos-winkel'
    site.instance.cli('user', 'add', address, '--stdin', stdin=first + '\n')
    for weak in ('Winter2026!!', 'factorpolicydemotest'):
        status, _, text = site.instance.cli('user', 'passwd', address, '--stdin', stdin=f'{first}\n{weak}\n', check=False)
        assert status != 0 and 'easy to guess' in text
    assert 'recovery_code' in site.instance.cli('user', 'passwd', address, '--stdin', stdin=f'{first}\nziegel-wolke-harfe-spaten\n')


def test_no_secret_is_in_the_log(site, person):
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as log:
        text = log.read()
    assert person.secret not in text and person.user['password'] not in text


def test_accounts_are_imported_with_their_hashes(site, folder):
    table = folder / 'users.csv'
    table.write_text('address,name,password_hash\n'
                     'imp.one@demo.test,"One, Imp",{SSHA}GrcjrVW+1Ym+eT5kH7bnmtqrGlNzYWx0\n'
                     'imp.two@demo.test,Two,$2b$05$abcdefghijklmnopqrstuugEJMs1Wl53cO.rjU5Fn7a2ULabVKwH.\n'
                     'imp.three@demo.test,Three,$1$old$hash\n')
    status, result, text = site.instance.cli('user', 'import', str(table), '--dry-run', check=False)
    assert (status, result['imported'], result['refused']) == (7, 2, 1) and 'line 4' in text
    status, result, _ = site.instance.cli('user', 'import', str(table), check=False)
    assert (status, result['imported']) == (7, 2)
    for local in ('imp.one', 'imp.two'):
        user = {'address': f'{local}@demo.test', 'password': 'Correct horse 42'}
        with pytest.raises(REFUSED):
            imap_plain(site, user, 'correct horse 42')
        imap_plain(site, user, user['password'])
        imap_plain(site, user, user['password'])
        signed_in(site, user)


def test_the_command_line_registers_a_program(site, folder):
    user = {'address': 'factor.cli@demo.test', 'password': 'korb-laterne-moos-winkel'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    session = str(folder / 'session')
    site.instance.cli('login', user['address'], '--stdin', stdin=user['password'] + '\n', session=session)
    status, _, text = site.instance.cli('factor', 'totp', '--stdin', stdin='000000\n', check=False, session=session)
    assert status != 0 and 'Secret for the program: ' in text
    assert site.instance.cli('factor', 'list', user['address'], session=session)['factors'] == []


def on_a_terminal(site, session, *words, stdin=''):
    """What a command shows on a terminal; what it says on standard error is not in it."""
    ours, theirs = os.openpty()
    process = subprocess.Popen([site.instance.program('letterlock'), '--config', site.instance.path('letterlock.yaml'), *words], stdin=subprocess.PIPE,
                               stdout=theirs, stderr=subprocess.PIPE, env={**os.environ, 'LETTERLOCK_SESSION': session, 'NO_COLOR': '1'})
    os.close(theirs)
    shown = []

    def read():
        with contextlib.suppress(OSError):  # the end of a terminal
            while piece := os.read(ours, 65536):
                shown.append(piece)
    reader = threading.Thread(target=read)
    reader.start()
    said = process.communicate(stdin.encode(), timeout=60)[1]
    reader.join(timeout=60)
    os.close(ours)
    return b''.join(shown).decode(), said.decode()


def test_a_terminal_gets_a_picture_of_the_secret_and_a_file_does_not(site, folder):
    user = {'address': 'factor.picture@demo.test', 'password': 'korb-laterne-moos-winkel'}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=user['password'] + '\n')
    session = str(folder / 'session')
    site.instance.cli('login', user['address'], '--stdin', stdin=user['password'] + '\n', session=session)
    shown, said = on_a_terminal(site, session, 'factor', 'totp', '--stdin', stdin='000000\n')
    lines = [line.rstrip('\r') for line in shown.split('\n') if line.strip()]
    assert len(lines) > 15 and all(set(line) <= set(' \u2580\u2584\u2588') for line in lines) and len({len(line) for line in lines}) == 1
    assert 'otpauth://totp/' in said and 'otpauth' not in shown
    begun = signed_in(site, user).call('factor.totp.begin')
    assert begun['qr'].startswith('<svg ') and begun['qr'].endswith('</svg>') and begun['secret'] not in begun['qr']
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as log:
        assert begun['secret'] not in log.read()
