"""What an app password may be used for, devices that wait, sessions that end, the client floor and conditions, over real mail programs and the API."""
import contextlib
import imaplib
import os
import poplib
import smtplib
import sys
import time

import pytest

from conftest import TOP, end_site, make_site
from mail import HOST, Wire, mark

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api, Refused, totp  # noqa: E402

PASSWORD = 'korb-laterne-moos-winkel'
PATIENCE = 15  # seconds; what is asked for happens within one


@pytest.fixture(scope='module')
def site():
    made = make_site(options={'auth.failure_delay': '100ms', 'auth.conditions_confirm': '20s', 'limits.logins_per_minute': '0'})
    yield made
    end_site(made)


def api(site, token=None):
    return Api(site.ports['management'], site.tls(), token)


@pytest.fixture(scope='module')
def officer(site):
    """The session of the security officer; a code is used once only."""
    who = next(person for person in site.staff if person['role'] == 'officer')
    while True:
        for step in (0, 1):
            with contextlib.suppress(Refused):
                return api(site).sign_in(who['address'], who['password'], proof={'kind': 'totp', 'code': totp(who['totp_secret'], step=step)})
        time.sleep(1)


@pytest.fixture
def person(site):
    address = f'{mark()[:10]}@demo.test'
    site.instance.cli('user', 'add', address, '--stdin', stdin=PASSWORD + '\n')
    return address


@pytest.fixture
def policy(officer):
    """Sets a policy for the length of a test."""
    before = {}

    def change(name, value):
        before.setdefault(name, officer.call('policy.get', name=name)['value'])
        officer.call('policy.set', name=name, value=value)
        if name == 'conditions':
            officer.call('condition.confirm')

    yield change
    for name, value in before.items():
        change(name, value)


def app_password(site, address, **limits):
    return api(site).call('user.app_password.add', address=address, password=PASSWORD, label='phone', **limits)


# ---- the three ways in: an open client, or the answer to a refused proof ----

def by_imap(site, address, password):
    client = imaplib.IMAP4_SSL(HOST, site.ports['imaps'], ssl_context=site.tls(), timeout=60)
    try:
        client.login(address, password)
        return client
    except imaplib.IMAP4.error as refused:
        client.shutdown()
        return str(refused)


def by_pop3(site, address, password):
    client = poplib.POP3_SSL(HOST, site.ports['pop3s'], context=site.tls(), timeout=60)
    try:
        client.user(address)
        client.pass_(password)
        return client
    except poplib.error_proto as refused:
        client.close()
        return str(refused)


def by_submission(site, address, password):
    client = smtplib.SMTP_SSL(HOST, site.ports['submissions'], context=site.tls(), timeout=60)
    try:
        client.login(address, password)
        return client
    except smtplib.SMTPAuthenticationError as refused:
        client.close()
        return str(refused)


WAYS = {'imap': by_imap, 'pop3': by_pop3, 'submission': by_submission}


def leave(client):
    client.close() if isinstance(client, (smtplib.SMTP, poplib.POP3)) else client.shutdown()


def gets_in(site, protocol, address, password):
    """True, or False with the very answer that a wrong password gets."""
    client = WAYS[protocol](site, address, password)
    if isinstance(client, str):
        assert client == WAYS[protocol](site, address, 'not-the-password')
        return False
    leave(client)
    return True


def eventually(condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f'not within {patience} s'
        time.sleep(0.1)


def log_of(site):
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as f:
        return f.read()


def is_over(client):
    """The server has ended this session of a mail program."""
    try:
        client.noop()
        return False
    except (imaplib.IMAP4.error, poplib.error_proto, EOFError, OSError):
        return True


# ---- app passwords ----

@pytest.mark.parametrize('allowed', WAYS)
def test_an_app_password_works_for_its_protocol_only(site, person, allowed):
    code = app_password(site, person, protocols=[allowed])['app_password']
    assert {protocol for protocol in WAYS if gets_in(site, protocol, person, code)} == {allowed}


def test_an_app_password_works_from_its_networks_only(site, person):
    here = app_password(site, person, networks=['192.0.2.0/24', '127.0.0.0/8'])['app_password']
    elsewhere = app_password(site, person, networks=['192.0.2.0/24', '2001:db8::/32'])['app_password']
    for protocol in WAYS:
        assert gets_in(site, protocol, person, here)
        assert not gets_in(site, protocol, person, elsewhere)


def test_limits_are_shown_with_the_app_password_and_wrong_ones_refused(site, person):
    made = app_password(site, person, protocols=['imap'], networks=['127.0.0.0/8'], days=7)
    own = api(site).sign_in(person, PASSWORD)
    listed, = own.call('user.app_password.list', address=person)['app_passwords']
    assert listed['id'] == made['id'] and listed['protocols'] == ['imap'] and listed['networks'] == ['127.0.0.0/8']
    assert 6 * 86400 < listed['ends'] - time.time() <= 7 * 86400
    for wrong in ({'protocols': ['web']}, {'networks': ['127.0.0.0/33']}, {'days': -1}):
        with pytest.raises(Refused) as refused:
            app_password(site, person, **wrong)
        assert refused.value.code == 'invalid'


def test_a_removed_app_password_ends_its_session(site, person):
    made = app_password(site, person)
    client = by_imap(site, person, made['app_password'])
    api(site).sign_in(person, PASSWORD).call('user.app_password.remove', address=person, id=made['id'])
    eventually(lambda: is_over(client))
    assert not gets_in(site, 'imap', person, made['app_password'])


# ---- devices ----

def test_a_new_device_waits_for_approval_and_a_blocked_one_is_out(site, person, officer, policy):
    policy('devices', {'approval': 'new', 'roles': ['user'], 'own': False})
    made = app_password(site, person)
    code, device = made['app_password'], made['device']
    assert made['device_state'] == 'pending'
    assert not gets_in(site, 'imap', person, code)
    waiting = officer.call('device.all', state='pending')['devices']
    assert [d['address'] for d in waiting if d['id'] == device] == [person]
    officer.call('device.approve', id=device)
    client = by_imap(site, person, code)
    assert client.noop()[0] == 'OK'
    officer.call('device.block', id=device, reason='lost')
    eventually(lambda: is_over(client))
    assert not gets_in(site, 'imap', person, code)
    officer.call('device.approve', id=device)
    assert gets_in(site, 'imap', person, code)


def test_what_program_signed_in_from_where_is_shown_to_its_owner(site, person):
    made = app_password(site, person, device='Her phone')
    client = by_imap(site, person, made['app_password'])
    client.xatom('ID', '("name" "SystemTestMail" "version" "2.4" "os" "Plan 9")')
    own = api(site).sign_in(person, PASSWORD)

    def shown():
        device = next(d for d in own.call('device.list', address=person)['devices'] if d['id'] == made['device'])
        return device['name'] == 'Her phone' and device['ip'] == HOST and device['claimed'].get('name') == 'SystemTestMail'
    eventually(shown)
    leave(client)
    signins = own.call('signin.list', address=person)['signins']
    assert any(s['device'] == made['device'] and s['protocol'] == 'imap' and s['outcome'] == 'ok' for s in signins)


# ---- everything at once ----

def test_signing_out_ends_every_open_session(site, person):
    code = app_password(site, person)['app_password']
    clients = [by_imap(site, person, code), by_imap(site, person, PASSWORD), by_pop3(site, person, code)]
    for client in clients:
        client.noop()
    other, own = api(site).sign_in(person, PASSWORD), api(site).sign_in(person, PASSWORD)
    assert len(own.call('session.list', address=person)['sessions']) >= 2
    own.call('session.sign_out', address=person)
    for client in clients:
        eventually(lambda client=client: is_over(client))
    with pytest.raises(Refused):
        other.call('session.list', address=person)
    # What was signed out may sign in again: no credential was taken away.
    assert gets_in(site, 'imap', person, code)


# ---- the client floor ----

def test_a_program_below_the_floor_is_refused_by_what_it_says(site, person, policy):
    policy('clients', {'rows': [{'name': 'OldMail', 'min': '3.10', 'action': 'refuse'}]})
    code = app_password(site, person)['app_password']
    client = by_imap(site, person, code)
    client.xatom('ID', '("name" "OldMail" "version" "3.10.1")')
    assert client.noop()[0] == 'OK'
    leave(client)
    assert gets_in(site, 'imap', person, code)
    client = by_imap(site, person, code)
    with contextlib.suppress(imaplib.IMAP4.error, OSError):
        client.xatom('ID', '("name" "OldMail" "version" "3.9")')
    eventually(lambda: is_over(client))
    assert not gets_in(site, 'imap', person, code)


# ---- conditions ----

def test_a_rule_denies_a_protocol_and_nothing_else(site, person, policy):
    code = app_password(site, person)['app_password']
    policy('conditions', {'rules': [{'name': 'no pop', 'if': {'protocols': ['pop3']}, 'then': 'deny'}]})
    assert {protocol for protocol in WAYS if gets_in(site, protocol, person, code)} == {'imap', 'submission'}


def test_a_read_only_session_changes_nothing_and_sends_nothing(site, person, policy):
    code = app_password(site, person)['app_password']
    site.deliver(person, b'From: stranger@outside.test\r\nSubject: to be read\r\n\r\nHello\r\n')
    site.find({'address': person, 'password': code}, 'to be read')
    policy('conditions', {'rules': [{'name': 'readers', 'if': {'roles': ['user'], 'protocols': ['imap', 'submission']}, 'then': 'read_only'}]})
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' OK' in wire.tagged('a', f'LOGIN {person} {code}')[0]
        assert b' OK [READ-ONLY]' in wire.tagged('b', 'SELECT INBOX')[0]
        assert b' OK' in wire.tagged('c', 'FETCH 1 BODY[]')[0]
        for command in (r'STORE 1 +FLAGS (\Deleted)', 'EXPUNGE', 'CREATE New', 'COPY 1 INBOX'):
            assert b' NO' in wire.tagged('d', command)[0]
    assert not gets_in(site, 'submission', person, code)


def test_an_open_session_ends_with_its_app_password(site, person):
    """By time as by hand: nobody signs in again in between."""
    app = app_password(site, person, until=int(time.time()) + 30)
    clients = [WAYS[protocol](site, person, app['app_password']) for protocol in ('imap', 'pop3')]
    assert not any(isinstance(client, str) for client in clients)
    for client in clients:
        eventually(lambda client=client: is_over(client), 120)
    assert not gets_in(site, 'imap', person, app['app_password'])


def test_conditions_that_nobody_confirms_come_back_by_themselves(site, person, officer):
    rules = [{'name': 'no pop', 'if': {'protocols': ['pop3']}, 'then': 'deny'}]
    before = officer.call('policy.get', name='conditions')['value']
    officer.call('policy.set', name='conditions', value={'rules': rules})
    assert not gets_in(site, 'pop3', person, PASSWORD)
    # Only the record tells without asking: it is written when they come back, not at the next sign-in.
    eventually(lambda: 'config.reverted' in log_of(site), 90)
    assert officer.call('policy.get', name='conditions')['value'] == (before or {'rules': []})
    assert gets_in(site, 'pop3', person, PASSWORD)


def test_nobody_shuts_himself_out(site, person, officer):
    for rule in ({'if': {'roles': ['officer']}, 'then': 'deny'}, {'if': {'protocols': ['web']}, 'then': 'read_only'}, {'if': {}, 'then': 'deny'}):
        with pytest.raises(Refused) as refused:
            officer.call('policy.set', name='conditions', value={'rules': [{'name': 'all', **rule}]})
        assert refused.value.code == 'locks_out'
    assert gets_in(site, 'imap', person, PASSWORD)
