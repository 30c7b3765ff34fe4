"""Credentials: app passwords, SCRAM, provisional passwords, resets, and what the command line says about them."""
import base64
import hashlib
import hmac
import imaplib
import os
import secrets
import smtplib
import subprocess

import pytest

from conftest import end_site, make_site
from mail import Wire, letter, mark


def app_password(site, user, label='test'):
    return site.instance.cli('user', 'app-password', 'add', user['address'], '--label', label, '--stdin', stdin=user['password'] + '\n')


def test_an_app_password_signs_in_and_can_be_revoked(site):
    user = site.user('chen.yu')
    made = app_password(site, user)
    with site.imap(user, made['app_password']) as client:
        assert client.select('INBOX')[0] == 'OK'
    listed = site.instance.cli('user', 'app-password', 'list', user['address'])
    assert str(made['id']) in str(listed) and made['app_password'] not in str(listed)
    site.instance.cli('user', 'app-password', 'remove', user['address'], str(made['id']))
    with pytest.raises(imaplib.IMAP4.error):
        with site.imap(user, made['app_password']):
            pass


def test_revoking_ends_the_open_session(site):
    user = site.user('chen.yu')
    made = app_password(site, user)
    with Wire(site.ports['imaps'], site.tls(), timeout=60) as wire:
        wire.line()
        assert b' OK' in wire.tagged('a', f'LOGIN {user["address"]} {made["app_password"]}')[0]
        wire.tagged('b', 'SELECT INBOX')
        site.instance.cli('user', 'app-password', 'remove', user['address'], str(made['id']))
        assert wire.is_closed()


def scram(wire, user, password, header='n,,', binding=b''):
    """A SCRAM-SHA-256 client (RFC 7677), with channel binding when the header begins with "p="."""
    nonce = secrets.token_urlsafe(18)
    first = f'n={user["address"]},r={nonce}'
    wire.send('s AUTHENTICATE SCRAM-SHA-256' + ('-PLUS' if header.startswith('p') else '') + '\r\n')
    assert wire.line().startswith(b'+')
    wire.send(base64.b64encode(f'{header}{first}'.encode()) + b'\r\n')
    challenge = wire.line()
    if not challenge.startswith(b'+ '):
        return challenge
    server_first = base64.b64decode(challenge[2:]).decode()
    values = dict(x.split('=', 1) for x in server_first.split(','))
    assert values['r'].startswith(nonce)
    salted = hashlib.pbkdf2_hmac('sha256', password.encode(), base64.b64decode(values['s']), int(values['i']))
    client_key = hmac.digest(salted, b'Client Key', 'sha256')
    channel = base64.b64encode(header.encode() + binding).decode()
    without_proof = f'c={channel},r={values["r"]}'
    signature = hmac.digest(hashlib.sha256(client_key).digest(), f'{first},{server_first},{without_proof}'.encode(), 'sha256')
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
    wire.send(base64.b64encode(f'{without_proof},p={proof}'.encode()) + b'\r\n')
    answer = wire.line()
    if answer.startswith(b'+ '):
        expected = hmac.digest(hmac.digest(salted, b'Server Key', 'sha256'), f'{first},{server_first},{without_proof}'.encode(), 'sha256')
        assert base64.b64decode(answer[2:]).decode() == 'v=' + base64.b64encode(expected).decode()
        wire.send('\r\n')
        answer = wire.line()
    while answer.startswith(b'* '):
        answer = wire.line()
    return answer


def test_scram_with_the_password_of_a_person(site):
    user = site.user('chen.yu')
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' OK' in scram(wire, user, user['password'])
        assert b' OK' in wire.tagged('a', 'SELECT INBOX')[0]
    first = new_user(site, 'scram')
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' OK' in scram(wire, first, first['password'])


def test_scram_with_a_password_of_many_scripts(site):
    """As typed and as RFC 4013 prepares it: the fullwidth letters become plain ones."""
    user = new_user(site, 'scripts', 'ｐａｓｓ密码密码密码密码 ü')
    for form in (user['password'], 'pass密码密码密码密码 ü'):
        with Wire(site.ports['imaps'], site.tls()) as wire:
            wire.line()
            assert b' OK' in scram(wire, user, form)
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        plain = base64.b64encode(f'\0{user["address"]}\0{user["password"]}'.encode()).decode()
        assert b' OK' in wire.tagged('a', f'AUTHENTICATE PLAIN {plain}')[0]


def test_scram_may_be_kept_to_app_passwords():
    site = make_site({'auth': {'scram': 'app_passwords'}}, seed=False)
    try:
        site.instance.cli('domain', 'add', 'demo.test')
        user = new_user(site, 'strict')
        made = app_password(site, user)
        for password, outcome in ((user['password'], b' NO'), (made['app_password'], b' OK')):
            with Wire(site.ports['imaps'], site.tls()) as wire:
                wire.line()
                assert outcome in scram(wire, user, password)
        with site.imap(user):
            pass
        with Wire(site.ports['imaps'], site.tls()) as wire:
            wire.line()
            assert b' NO' in scram(wire, user, user['password'])
    finally:
        end_site(site)


def certificate_hash(wire):
    """tls-server-end-point (RFC 5929 4.1); the certificate is signed with SHA-256."""
    return hashlib.sha256(wire.socket.getpeercert(binary_form=True)).digest()


def test_scram_plus_binds_to_the_certificate(site):
    user = site.user('chen.yu')
    for change, outcome in ((b'', b' OK'), (b'x', b' NO')):
        with Wire(site.ports['imaps'], site.tls()) as wire:
            wire.line()
            assert 'AUTH=SCRAM-SHA-256-PLUS' in repr(wire.tagged('c', 'CAPABILITY'))
            assert outcome in scram(wire, user, user['password'], 'p=tls-server-end-point,,', certificate_hash(wire)[len(change):] + change)


class ExporterWire:
    """IMAP through openssl s_client, which shows what RFC 9266 binds to."""

    def __init__(self, port):
        self.process = subprocess.Popen(['openssl', 's_client', '-connect', f'127.0.0.1:{port}', '-ign_eof', '-keymatexport', 'EXPORTER-Channel-Binding',
                                         '-keymatexportlen', '32'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.material = None
        while self.material is None or not self.last.startswith(b'* OK'):
            self.last = self.line()
            assert self.last
            if b'Keying material: ' in self.last:
                self.material = bytes.fromhex(self.last.split()[-1].decode())

    def line(self):
        return self.process.stdout.readline()

    def send(self, data):
        self.process.stdin.write(data if isinstance(data, bytes) else data.encode())
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.communicate()


def test_scram_plus_binds_to_the_session(site):
    user = site.user('chen.yu')
    for change, outcome in ((b'', b' OK'), (b'x', b' NO')):
        wire = ExporterWire(site.ports['imaps'])
        try:
            assert outcome in scram(wire, user, user['password'], 'p=tls-exporter,,', wire.material[len(change):] + change)
        finally:
            wire.close()


def test_scram_notices_that_plus_was_hidden(site):
    """Who says "y" was not shown -PLUS, though it was offered (RFC 5802 6)."""
    user = site.user('chen.yu')
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' NO' in scram(wire, user, user['password'], 'y,,')


def test_a_short_password_is_refused_in_plain_words(site):
    refused, _, words = site.instance.cli('user', 'add', f'short{os.getpid()}@demo.test', '--stdin', stdin='elevenchars\n', check=False)
    assert refused != 0 and 'at least 12 characters' in words


def test_scram_with_an_app_password(site):
    user = site.user('chen.yu')
    made = app_password(site, user)
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' OK' in scram(wire, user, made['app_password'])
        assert b' OK' in wire.tagged('a', 'SELECT INBOX')[0]
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' NO' in scram(wire, user, 'x' * 26)
    with Wire(site.ports['imaps'], site.tls()) as wire:
        wire.line()
        assert b' NO' in scram(wire, {'address': 'nobody.here@demo.test'}, 'x' * 26)


def new_user(site, local, password='first-password-1'):
    address = f'{local}{os.getpid()}@demo.test'
    site.instance.cli('user', 'add', address, '--name', 'Test', '--stdin', stdin=password + '\n')
    return {'address': address, 'password': password}


def test_a_provisional_password_signs_in_until_the_own_one(site):
    user = new_user(site, 'provisional')
    subject = mark()
    site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
    site.find(user, subject)
    assert site.instance.cli('user', 'show', user['address'])['provisional'] is True
    result = site.instance.cli('user', 'passwd', user['address'], '--stdin', stdin=f'{user["password"]}\nmy own password 7\n')
    assert result['recovery_code']
    assert site.instance.cli('user', 'show', user['address'])['provisional'] is False
    with pytest.raises(imaplib.IMAP4.error):
        with site.imap(user):
            pass
    user['password'] = 'my own password 7'
    site.find(user, subject)


def test_a_reset_needs_the_recovery_code(site):
    user = new_user(site, 'reset')
    code = site.instance.cli('user', 'passwd', user['address'], '--stdin', stdin=f'{user["password"]}\nmoss lantern basket 8\n')['recovery_code']
    user['password'] = 'moss lantern basket 8'
    subject = mark()
    site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
    site.find(user, subject)
    refused, _, words = site.instance.cli('user', 'reset', user['address'], '--stdin', stdin='\nnew password 9\n', check=False)
    assert refused == 5 and 'lost' in words
    assert site.instance.cli('user', 'reset', user['address'], '--stdin', stdin='not the code\nnew password 9\n', check=False)[0] != 0
    result = site.instance.cli('user', 'reset', user['address'], '--stdin', stdin=f'{code}\nnew password 9\n')
    assert result['recovery_code'] and result['recovery_code'] != code
    user['password'] = 'new password 9'
    site.find(user, subject)


def test_a_disabled_user_neither_signs_in_nor_gets_mail(site):
    user, subject = new_user(site, 'disabled'), mark()
    with Wire(site.ports['imaps'], site.tls(), timeout=60) as wire:
        wire.line()
        assert b' OK' in wire.tagged('a', f'LOGIN {user["address"]} {user["password"]}')[0]
        site.instance.cli('user', 'disable', user['address'])
        assert wire.is_closed()
    with pytest.raises(imaplib.IMAP4.error):
        with site.imap(user):
            pass
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
    site.instance.cli('user', 'enable', user['address'])
    site.deliver([user['address']], letter('x@outside.test', user['address'], subject))
    site.find(user, subject)


def test_command_line_exit_codes(site):
    cli = site.instance.cli
    assert cli('user', 'show', 'nobody.here@demo.test', check=False)[0] == 6
    assert cli('user', 'add', check=False)[0] == 2
    assert cli('no', 'such', 'command', check=False)[0] == 2
    assert cli('domain', 'add', 'demo.test', check=False)[0] == 1
    assert cli('status')['roles']
    assert cli('check', check=False)[0] == 0
    assert cli('--config', '/nonexistent/letterlock.yaml', 'status', check=False)[0] == 3
    listed = cli('user', 'list')
    assert {u['address'] for u in site.users} <= {u['address'] for u in listed['users']}
