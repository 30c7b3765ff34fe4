"""With a password and no second factor: every door, every way around, and the guessing of codes."""
import base64
import imaplib
import poplib
import smtplib
import time

import pytest

from attacker import DOMAIN, HOST, PASSWORD, STEP, Caller, Person, Wire, fails, totp
from sieve_client import Refused, Sieve
from test_signin import scram

NEW = 'zaun-trichter-quelle-birke'
REFUSED = (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected, AssertionError, Refused)


def imap_login(place, name, password):
    with imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=place.tls(), timeout=60) as client:
        client.login(name, password)


def imap_plain(place, name, password):
    with imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=place.tls(), timeout=60) as client:
        client.authenticate('PLAIN', lambda _: f'\0{name}\0{password}'.encode())


def imap_plain_initial(place, name, password):
    with Wire(place.ports['imaps'], place.tls(), timeout=60) as wire:
        wire.line()
        said, _ = wire.tagged('a', 'AUTHENTICATE PLAIN ' + base64.b64encode(f'\0{name}\0{password}'.encode()).decode())
        assert b' OK' in said


def imap_scram(place, name, password):
    with Wire(place.ports['imaps'], place.tls(), timeout=60) as wire:
        wire.line()
        assert b' OK' in scram(wire, {'address': name}, password)


def pop3_login(place, name, password):
    client = poplib.POP3_SSL(HOST, place.ports['pop3s'], context=place.tls(), timeout=60)
    try:
        client.user(name)
        client.pass_(password)
    finally:
        client.close()


def pop3_plain(place, name, password):
    client = poplib.POP3_SSL(HOST, place.ports['pop3s'], context=place.tls(), timeout=60)
    try:
        client._shortcmd('AUTH PLAIN ' + base64.b64encode(f'\0{name}\0{password}'.encode()).decode())
    finally:
        client.close()


def sieve_plain(place, name, password):
    with Sieve(place, {'address': name, 'password': password}):
        pass


def smtp_with(method, port):
    def door(place, name, password):
        plain = port == 'submission'
        client = smtplib.SMTP(HOST, place.ports[port], timeout=60) if plain else smtplib.SMTP_SSL(HOST, place.ports[port], context=place.tls(), timeout=60)
        with client:
            if plain:
                client.starttls(context=place.tls())
            client.ehlo()
            client.user, client.password = name, password
            client.auth(method, getattr(client, 'auth_' + method.lower()), initial_response_ok=method == 'PLAIN')
    door.__name__ = f'{port}_{method.lower()}'
    return door


DOORS = [imap_login, imap_plain, imap_plain_initial, imap_scram, pop3_login, pop3_plain, sieve_plain, smtp_with('PLAIN', 'submissions'),
         smtp_with('LOGIN', 'submissions'), smtp_with('PLAIN', 'submission')]


@pytest.fixture(scope='module')
def plain(place):
    """Somebody without a second factor: the control."""
    return place.add_user('factor.none')


@pytest.fixture(scope='module')
def person(place):
    """Somebody with one. `old`: a session from before."""
    made = place.add_user('factor.some')
    made.recovery = Caller(place).done('user.passwd', {'address': made.address, 'old': PASSWORD, 'new': NEW})['recovery_code']
    made.password = NEW
    made.old = made.sign_in()
    made.enrol()
    return made


@pytest.mark.parametrize('door', DOORS, ids=lambda d: d.__name__)
def test_no_door_opens_by_the_password_alone(place, person, plain, door):
    door(place, plain.address, plain.password)  # it is a door
    code = totp(person.secret)
    for password in (person.password, person.password + code, code):
        assert fails(REFUSED, door, place, person.address, password)


def test_no_session_without_a_proof(person):
    for more in ({'proof': {}}, {'proof': {'kind': 'totp'}}, {'proof': {'kind': 'totp', 'code': ''}}, {'proof': {'kind': 'none', 'code': '1'}},
                 {'proof': {'kind': 'codes', 'code': ''}}, {'proof': {'kind': 'sms', 'id': '', 'code': ''}}, {'proof': {'kind': 'webauthn'}},
                 {'factor': 'totp'}, {'factor': 'none'}):
        answer = Caller(person.place).call('session.start', {'address': person.address, 'password': person.password, **more})
        assert answer.status in (400, 401, 403) and 'token' not in answer.json, (more, answer)


def test_sessions_from_before_the_factor_are_over(person):
    assert person.old.call('user.show', {'address': person.address}).code == 'sign_in'


def test_a_code_counts_once_and_no_older_one_after_it(person):
    proof = {'kind': 'totp', 'code': person.code()}
    assert person.start(proof=proof).status == 200
    assert person.start(proof=proof).code == 'factor'
    last = max(person.used)
    for number in (last, last - 1, last - 2):
        assert person.start(proof={'kind': 'totp', 'code': totp(person.secret, when=number * STEP)}).code == 'factor'
    person.start()  # a right one: the wrong ones above are forgotten


def test_codes_of_other_times_and_accounts_are_wrong(place, person):
    now = time.time()
    for when in (now - 10 * STEP, now + 10 * STEP, 0):
        assert person.start(proof={'kind': 'totp', 'code': totp(person.secret, when=when)}).code == 'factor'
    other = place.people['officer']
    assert person.start(proof={'kind': 'totp', 'code': totp(other.secret)}).code == 'factor'
    assert person.start(proof={'kind': 'list', 'code': other.paper[0]}).code == 'factor'
    assert person.start(proof={'kind': 'list', 'code': person.paper[1]}).code == 'factor'  # not the one whose turn it is
    assert person.start().status == 200


@pytest.mark.parametrize('operation, args', [
    ('user.passwd', {'old': NEW, 'new': PASSWORD}),
    ('user.app_password.add', {'password': NEW, 'label': 'attack'}),
    ('user.managed.add', {'password': NEW}),
])
def test_what_the_old_password_opens_asks_for_the_factor(person, operation, args):
    """Nobody's call, another person's session, and a token of the person itself: none of them stands in for it."""
    session = person.sign_in()
    token = session.done('token.add', {'label': 'limited', 'days': 1, 'rights': ['self.see']})['token']
    other = person.place.people['wang.lei'].sign_in()
    for caller in (Caller(person.place), other, Caller(person.place, token)):
        answer = caller.call(operation, {'address': person.address, **args})
        assert answer.code == 'factor_needed', (answer, caller.token)
        wrong = caller.call(operation, {'address': person.address, **args, 'proof': {'kind': 'totp', 'code': '000000'}})
        assert wrong.code == 'factor', wrong


def test_the_recovery_code_brings_the_password_back_but_not_the_factor(place, person):
    answer = Caller(place).done('user.reset', {'address': person.address, 'recovery_code': person.recovery, 'new': PASSWORD})
    person.password, person.recovery = PASSWORD, answer['recovery_code']
    assert Caller(place).call('session.start', {'address': person.address, 'password': PASSWORD}).code == 'factor_needed'
    assert fails(REFUSED, imap_login, place, person.address, PASSWORD)
    assert fails(REFUSED, imap_scram, place, person.address, PASSWORD)
    assert person.start().status == 200


def test_guessing_codes_ends_soon(place):
    """Ten wrong ones in a row, and even a right one is not looked at: who guesses knows the password already."""
    person = place.add_user('factor.guessed')
    person.enrol()
    wrong = {'kind': 'totp', 'code': '000000'}
    for _ in range(12):
        assert person.start(proof=wrong).code == 'factor'
    assert person.start().code == 'factor'
    session = place.admin.call('user.show', {'address': person.address})
    assert session.status == 200


def test_an_app_password_is_no_password_of_the_account(place, person):
    session = person.sign_in()
    made = session.done('user.app_password.add', {'address': person.address, 'password': person.password, 'label': 'phone'})['app_password']
    imap_login(place, person.address, made)
    caller = Caller(place)
    for operation, args in (('session.start', {'password': made}), ('user.app_password.add', {'password': made}),
                            ('user.passwd', {'old': made, 'new': NEW}), ('user.reset', {'recovery_code': made, 'new': NEW})):
        assert caller.call(operation, {'address': person.address, **args}).code in ('password', 'recovery_code')


def test_staff_without_a_factor_can_only_register_one(place):
    """A provisional administrator, before the first factor: no right, no credential that lives on, no mail protocol."""
    address = f'factor.staff@{DOMAIN}'
    place.break_glass('user', 'add', address, '--role', 'administrator', '--stdin', stdin=PASSWORD + '\n')
    person = Person(place, address, PASSWORD)
    answer = person.start()
    assert answer.json['must_register_factor'] is True
    session = Caller(place, answer.json['token'])
    for operation, args in (('user.list', {}), ('token.add', {'label': 'x', 'days': 1}), ('oauth.token', {'scope': 'imap'}), ('recovery.make', {}),
                            ('user.app_password.add', {'address': address, 'password': PASSWORD}), ('delegate.add', {'delegate': f'wang.lei@{DOMAIN}'}),
                            ('user.managed.add', {'address': address, 'password': PASSWORD})):
        assert session.call(operation, args).code in ('factor_needed', 'sign_in'), operation
    for door in DOORS:
        assert fails(REFUSED, door, place, address, PASSWORD)
    person.enrol(session)
    assert session.call('user.list').status == 200
    for door in DOORS:
        assert fails(REFUSED, door, place, address, PASSWORD)


def test_a_policy_that_demands_a_factor_bars_the_password_everywhere(place):
    """Without grace: whoever has none yet gets no app password and no token by the password either."""
    person, officer = place.add_user('factor.demanded'), place.people['officer'].sign_in()
    place.admin.done('group.add', {'address': f'factor.group@{DOMAIN}', 'members': [person.address]})
    imap_login(place, person.address, PASSWORD)
    before = person.sign_in()
    officer.done('policy.set', {'name': 'factors', 'value': {'groups': [f'factor.group@{DOMAIN}'], 'grace_days': 0}})
    try:
        for door in DOORS:
            assert fails(REFUSED, door, place, person.address, PASSWORD)
        for caller in (Caller(place), before):
            answer = caller.call('user.app_password.add', {'address': person.address, 'password': PASSWORD})
            assert answer.code == 'factor_needed', answer
        for operation, args in (('token.add', {'label': 'x', 'days': 1}), ('oauth.token', {'scope': 'imap'}), ('recovery.make', {})):
            assert before.call(operation, args).code in ('factor_needed', 'sign_in'), operation
    finally:
        officer.done('policy.set', {'name': 'factors', 'value': {}})
    imap_login(place, person.address, PASSWORD)
